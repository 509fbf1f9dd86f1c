/** Channels in which tabs hear what the server says as it is: `line.channel(name, { raw: true })`. */
import { toChannelId } from '../../protocol/index.ts'

const RAW = { raw: true }

export function rawId(name: string): string {
  return toChannelId({ name, params: RAW })
}

export function isRawId(id: string): boolean {
  return id.endsWith(rawId(''))
}

import type { Entry, MessageBody } from '../../outbox/index.ts'
import { fitsJson } from './fits-json.ts'

/** A message as the endpoint gets it. */
export interface EndpointMessage {
  readonly key: string
  readonly lane: string
  readonly channel: string
  readonly event: string
  readonly payload?: unknown
  readonly createdAt: number
}

export type MessageEntry = Entry & { readonly body: MessageBody }

export interface Batch {
  readonly entries: readonly MessageEntry[]
  /** Lanes whose next message JSON cannot carry: the broker will send it. */
  readonly unfit: readonly string[]
}

/** A batch is full with the message that exceeds it. */
const MAX_BATCH_BYTES = 1_048_576

/**
 * What goes out as one: of each lane its oldest messages, in order, up to the first that JSON cannot carry.
 * @param heads the oldest waiting entries of each lane, in order
 */
export function batchOf(heads: readonly (readonly Entry[])[], batchSize: number): Batch {
  const entries: MessageEntry[] = []
  let bytes = 0
  const unfit: string[] = []
  for (const head of heads) {
    const messages = head.filter(isMessage)
    const stop = messages.findIndex(({ body }) => !isFaithful(body.payload))
    const fit = stop < 0 ? messages : messages.slice(0, stop)
    for (const entry of fit) {
      if (entries.length >= batchSize || bytes > MAX_BATCH_BYTES) break
      entries.push(entry)
      bytes += entry.bytes
    }
    const first = messages[0]
    if (stop === 0 && first !== undefined) unfit.push(first.lane)
  }
  return { entries, unfit }
}

export function toEndpointMessage({ key, lane, body, createdAt }: MessageEntry): EndpointMessage {
  const { channel, event, payload } = body
  return { key, lane, channel, event, payload, createdAt }
}

/** A payload that is not there is not there in JSON either. */
function isFaithful(payload: unknown): boolean {
  return payload === undefined || fitsJson(payload)
}

function isMessage(entry: Entry): entry is MessageEntry {
  return entry.body.kind === 'message'
}

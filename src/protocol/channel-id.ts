import { PartylineError } from './errors.ts'

/** What a channel is joined with, as far as its transport knows parameters. Plain data. */
export interface ChannelParams {
  readonly [name: string]: unknown
}

export interface ChannelAddress {
  readonly name: string
  readonly params?: ChannelParams | undefined
}

/** Stands in no name, and is written as `\n` in JSON. */
const SEPARATOR = '\n'

/**
 * A name and parameters as one text, the same for the same parameters in whatever order: tabs that want the same share
 * a subscription.
 * @throws PartylineError `bad-options` for parameters that JSON cannot carry, and names with line breaks
 */
export function toChannelId({ name, params }: ChannelAddress): string {
  if (name.includes(SEPARATOR)) throw new PartylineError('bad-options', "a channel's name cannot have line breaks")
  if (!params || Object.keys(params).length === 0) return name
  try {
    return name + SEPARATOR + JSON.stringify(params, inOrder)
  } catch (cause) {
    throw new PartylineError('bad-options', 'the parameters of a channel are plain data', { cause })
  }
}

/** @throws PartylineError `bad-message` for what {@link toChannelId} has not made */
export function fromChannelId(id: string): ChannelAddress {
  const end = id.indexOf(SEPARATOR)
  if (end < 0) return { name: id }
  try {
    const params: unknown = JSON.parse(id.slice(end + 1))
    if (typeof params === 'object' && params !== null && !Array.isArray(params))
      return { name: id.slice(0, end), params: params as ChannelParams }
  } catch {
    // Told below.
  }
  throw new PartylineError('bad-message', 'the parameters of a channel are not a JSON object')
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

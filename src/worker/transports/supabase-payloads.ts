import { PartylineError } from '../../protocol/index.ts'
import { toBytes } from './websocket-bytes.ts'

export interface OutgoingPayload {
  /** As the library takes it. */
  readonly wire: unknown
  /** As others get it. */
  copy(): unknown
}

/** The library would make an empty object of it. */
const NULL = { toJSON: () => null }

const MAX_EVENT_BYTES = 255

/** @throws PartylineError `invalid-payload` for what a broadcast cannot carry */
export function toOutgoing(event: string, payload: unknown): OutgoingPayload {
  if (new TextEncoder().encode(event).length > MAX_EVENT_BYTES)
    throw new PartylineError('invalid-payload', `an event's name may have ${MAX_EVENT_BYTES} bytes`)
  const bytes = toBytes(payload)
  if (bytes !== undefined) {
    const wire = Uint8Array.from(bytes).buffer
    return { wire, copy: () => wire.slice(0) }
  }
  const json = toJson(event, payload)
  return { wire: json === 'null' ? NULL : payload, copy: () => JSON.parse(json) as unknown }
}

function toJson(event: string, payload: unknown): string {
  try {
    return JSON.stringify(payload ?? null, refuseBytes) ?? 'null'
  } catch (cause) {
    if (cause instanceof PartylineError) throw cause
    throw new PartylineError('invalid-payload', `${event} holds what JSON cannot carry`, { cause })
  }
}

function refuseBytes(_name: string, value: unknown): unknown {
  if (toBytes(value) === undefined) return value
  throw new PartylineError('invalid-payload', 'bytes can be a payload, but not a part of one')
}

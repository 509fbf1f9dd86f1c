import type { UpstreamError } from '../upstream/transport.ts'
import type { Frame } from './websocket-codec.ts'

/** One connection, whatever it is made of, that carries frames in order both ways. */
export interface Carrier {
  /** Only once it is open. */
  send(frame: Frame): void
  /** Ends it, also while it is being opened. Nothing is told any more. Idempotent. */
  close(): void
}

export interface CarrierListener {
  opened(): void
  received(data: string | ArrayBuffer): void
  /** It is gone, or could not be opened. Once, and the last that is told. */
  closed(error: UpstreamError): void
  malformed(kind: string, detail: string): void
}

export type Connect = (listener: CarrierListener) => Carrier

/** One way in which clients reach the server. */
export interface Endpoint {
  /** Connections now. */
  readonly size: number
  closeAll(code: number, reason: string): void
  /** Sends every connection these very bytes, or this very text. */
  sendRaw(frame: string | Uint8Array): void
  /** Every connection there is goes half-open: nothing is read or written any more. New ones are not affected. */
  silence(): void
  /** Ends what would keep the process alive. */
  close(): void
}

/**
 * Everything of the browser that the broker uses. The core knows nothing else of where it runs, so the
 * same core runs in a SharedWorker, a dedicated worker, a page, and by the thousand inside Node.
 */
export interface BrokerHost {
  /** Milliseconds on a clock that never goes back. */
  now(): number
  /** In [0, 1). */
  random(): number
  /** Unguessable and never the same twice. */
  randomId(): string
  /** Runs once after `ms`; the returned function cancels it and may be called twice. */
  setTimer(ms: number, run: () => void): () => void
  /** Names of the Web Locks held now in this origin; `undefined` where there are no Web Locks. */
  heldLocks(): Promise<ReadonlySet<string> | undefined>
  /** For errors that nobody awaits, such as those of an app's own callback. */
  reportError(error: unknown): void
}

/** As much of a MessagePort as the broker needs. */
export interface Port {
  postMessage(message: unknown, transfer?: Transferable[]): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
  removeEventListener(type: 'message', listener: (event: MessageEvent) => void): void
  start(): void
  close(): void
}

import type { OpenOutboxOptions, Outbox } from '../outbox/index.ts'
import type { BrokerScript } from '../protocol/index.ts'
import type { AnswerCaches } from './caching/answer-caches.ts'
import type { PeerHost } from './peers/identity.ts'

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
  /** Milliseconds since 1970, on the wall clock. */
  wallClock(): number
  /** The script that runs here, as another tab could open it. */
  readonly script: Pick<BrokerScript, 'url' | 'type'>
  /** The durable queue of a scope. Rejects where this browser can store nothing. */
  openOutbox(options: OpenOutboxOptions): Promise<Outbox>
  /** Deletes the durable queue of a scope that could not be opened. */
  deleteOutbox(scope: string): Promise<void>
  /** How to meet other brokers of a scope; not there where a broker runs for one page alone. */
  readonly peers?: {
    readonly host: PeerHost
    /** `undefined` in browsers without channels. */
    open(scope: string, heard: (message: unknown) => void): PeerChannel | undefined
  }
  /** What the app's service worker keeps; not there where nothing can be kept. */
  readonly caches?: AnswerCaches | undefined
  /** For errors that nobody awaits, such as those of an app's own callback. */
  reportError(error: unknown): void
}

/** Where brokers of one scope hear each other; nobody hears himself. */
export interface PeerChannel {
  post(message: unknown): void
  /** Idempotent. */
  close(): void
}

/** As much of a MessagePort as the broker needs. */
export interface Port {
  postMessage(message: unknown, transfer?: Transferable[]): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
  removeEventListener(type: 'message', listener: (event: MessageEvent) => void): void
  /** Not there on a BroadcastChannel, which needs no start. */
  start?(): void
  close(): void
}

import type { FaceSocket, Flags } from './face-socket.ts'

interface Queued {
  readonly args: unknown[]
  readonly flags: Flags
  tries: number
  isPending: boolean
}

/** Emits of a socket with `retries`: one is under way at a time, until it is acknowledged or has failed too often. */
export class Retrying {
  readonly #socket: FaceSocket
  readonly #retries: number
  readonly #queue: Queued[] = []

  constructor(socket: FaceSocket, retries: number) {
    this.#socket = socket
    this.#retries = retries
  }

  add(args: unknown[], flags: Flags): void {
    const ack = typeof args.at(-1) === 'function' ? (args.pop() as (...reply: unknown[]) => void) : undefined
    const queued: Queued = { args, flags: { ...flags, fromQueue: true }, tries: 0, isPending: false }
    args.push((error: unknown, ...reply: unknown[]) => {
      if (error === null || queued.tries > this.#retries) {
        this.#queue.shift()
        ack?.(error, ...reply)
      }
      queued.isPending = false
      this.drain()
    })
    this.#queue.push(queued)
    this.drain()
  }

  /** @param isForced also what is under way, on a connection that is gone */
  drain(isForced = false): void {
    const [queued] = this.#queue
    if (!this.#socket.connected || !queued || (queued.isPending && !isForced)) return
    queued.isPending = true
    queued.tries++
    this.#socket._flag(queued.flags).emit(...(queued.args as [string]))
  }
}

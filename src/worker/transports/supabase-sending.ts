import type { UpstreamError } from '../upstream/transport.ts'
import type { Audience } from './supabase-audience.ts'
import type { Fields } from './supabase-frames.ts'
import type { Plan } from './supabase-merging.ts'
import { OwnStates } from './supabase-own-states.ts'
import type { OutgoingPayload } from './supabase-payloads.ts'
import { Pushes } from './supabase-pushes.ts'
import type { Wish } from './supabase-wish.ts'

export interface SendingDeps {
  nextRef(): string
  /** @throws UpstreamError when the connection is not open */
  send(event: string, payload: object, joinRef: string, ref: string): void
}

/** What the server has confirmed. */
export interface Join {
  readonly ref: string
  readonly plan: Plan
}

export interface TopicMessage {
  readonly channel: string
  readonly event: string
  readonly payload: OutgoingPayload
  /** What the server takes beside it. */
  readonly more?: Fields
  readonly origin: string | undefined
}

/** What goes out on one topic's join, and what the server answers to it. */
export class Sending {
  readonly #deps: SendingDeps
  readonly #audience: Audience
  readonly #pushes = new Pushes()
  /** What tabs say of themselves. */
  readonly own = new OwnStates()
  /** The server's answer to what it was told last of them. */
  stateTold: Promise<unknown> = Promise.resolve()
  #words = ''

  constructor(deps: SendingDeps, audience: Audience) {
    this.#deps = deps
    this.#audience = audience
  }

  /** Resolves with the server's answer where that is wanted. */
  async broadcast(
    { ref, plan }: Join,
    { channel, event, payload, more, origin }: TopicMessage,
    wish: Wish,
    signal: AbortSignal,
  ): Promise<unknown> {
    // The server does not send it back: this browser's other tabs get it here.
    const toOthers = (): void =>
      this.#audience.broadcast({
        event,
        payload: () => payload.copy(),
        except: to => (to === channel && wish.hearsItself ? undefined : origin),
      })
    const message = { ...more, type: 'broadcast', event, payload: payload.wire }
    if (wish.wantsAck && plan.wantsAck) return this.#ask(ref, 'broadcast', message, toOthers, signal)
    this.#deps.send('broadcast', message, ref, this.#deps.nextRef())
    return toOthers()
  }

  /** Unless another has come, or this one has gone, since it was told. */
  async track(join: Join, state: object): Promise<void> {
    if (this.own.last !== state) return
    this.tellState(join)
    await this.stateTold
  }

  /** What the server is to know of this browser's tabs now. */
  tellState({ ref }: Join): void {
    const { last } = this.own
    const payload = last === undefined ? { event: 'untrack' } : { event: 'track', payload: last }
    // Tabs of one user may say the same, and the server takes few of these calls.
    const words = ref + JSON.stringify(payload)
    if (words === this.#words) return
    this.#words = words
    this.stateTold = this.#ask(ref, 'presence', { type: 'presence', ...payload }, () => {})
    // Nobody need wait for it.
    this.stateTold.catch(() => void (this.#words = ''))
  }

  trySend(event: string, payload: object, joinRef: string): void {
    try {
      this.#deps.send(event, payload, joinRef, this.#deps.nextRef())
    } catch {
      // With the connection goes what the server knows of it.
    }
  }

  answered(ref: string, isOk: boolean, response: Fields): void {
    this.#pushes.answered(ref, isOk, response)
  }

  /** @param joinRef only what was sent to this join */
  fail(error: UpstreamError, joinRef?: string): void {
    this.#pushes.fail(error, joinRef)
  }

  async #ask(
    joinRef: string,
    event: string,
    payload: object,
    confirmed: () => void,
    signal?: AbortSignal,
  ): Promise<Fields> {
    const ref = this.#deps.nextRef()
    this.#deps.send(event, payload, joinRef, ref)
    return this.#pushes.wait(ref, joinRef, confirmed, signal)
  }
}

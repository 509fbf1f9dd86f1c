import type { TrackOp } from '../../protocol/index.ts'
import { PartylineError, type PresenceChange } from '../../protocol/index.ts'
import type { Traffic } from '../observe/traffic.ts'
import type { Session } from '../sessions/session.ts'
import { UpstreamError, type TransportLink } from '../upstream/transport.ts'
import { changed, difference, NOBODY, type Members } from './members.ts'

export interface PresenceDeps {
  readonly link: TransportLink
  readonly traffic: Traffic
  /** The tabs that listen to who is in a channel, and under which ref. */
  listeners(channel: string): { readonly ref: number; readonly sessions: Iterable<Session> } | undefined
  isJoined(channel: string): boolean
  reportError(error: unknown): void
}

/**
 * Who is in each channel, kept from what the server says, so that a late tab hears it at once; and what this browser's
 * own tabs say of themselves there. A tab that goes takes with it only what it has told itself.
 */
export class Presence {
  readonly #deps: PresenceDeps
  readonly #members = new Map<string, Members>()
  readonly #own = new Map<string, Map<Session, unknown>>()

  constructor(deps: PresenceDeps) {
    this.#deps = deps
  }

  /**
   * The server has told; of a channel that no tab wants it is only counted. What has not changed since a lost connection is
   * not told again.
   */
  told(channel: string, change: PresenceChange): void {
    const listening = this.#deps.listeners(channel)
    if (listening === undefined) return void this.#deps.traffic.eventsUnrouted++
    const before = this.#members.get(channel)
    const after = changed(before ?? NOBODY, change)
    this.#members.set(channel, after)
    const news = before === undefined ? toState(after) : difference(before, after)
    if (news === undefined) return
    for (const session of listening.sessions) session.send({ type: 'presence', ref: listening.ref, change: news })
  }

  /** A tab listens from now on. */
  greet(session: Session, channel: string, ref: number): void {
    const members = this.#members.get(channel)
    if (members !== undefined) session.send({ type: 'presence', ref, change: toState(members) })
  }

  /** @throws PartylineError `not-offered` where the transport has no presence of one's own */
  track(session: Session, { channel, state }: TrackOp): void {
    const { link, isJoined } = this.#deps
    if (link.track === undefined)
      throw new PartylineError('not-offered', "this transport cannot tell the server of a state of one's own")
    if (state === undefined) return this.untrack(session, channel)
    const own = this.#own.get(channel) ?? new Map<Session, unknown>()
    this.#own.set(channel, own.set(session, state))
    if (isJoined(channel)) void this.#tell(session, channel, state)
  }

  /** The channel is joined (again): the server knows nothing of this browser's tabs. */
  joined(channel: string): void {
    for (const [session, state] of this.#own.get(channel) ?? []) void this.#tell(session, channel, state)
  }

  /** The channel was left. */
  left(channel: string): void {
    this.#members.delete(channel)
    this.#own.delete(channel)
  }

  /** The tab is gone, or runs no code for now; if it comes back it tells its states anew. */
  leave(session: Session): void {
    for (const channel of this.#own.keys()) this.untrack(session, channel)
  }

  /** The tab has no state there any more, if it had one. */
  untrack(session: Session, channel: string): void {
    const own = this.#own.get(channel)
    if (own?.delete(session) !== true) return
    if (own.size === 0) this.#own.delete(channel)
    if (this.#deps.isJoined(channel)) this.#deps.link.untrack?.(channel, session.tabId)
  }

  /** What the connection took with it is told with the next. */
  async #tell(session: Session, channel: string, state: unknown): Promise<void> {
    const { link, reportError } = this.#deps
    try {
      await link.track?.(channel, session.tabId, state)
    } catch (error) {
      if (!(error instanceof UpstreamError) || error.kind !== 'network') reportError(error)
    }
  }
}

function toState(members: Members): PresenceChange {
  return { kind: 'state', members: [...members.values()] }
}

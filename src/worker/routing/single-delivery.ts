import type { BrokerHost } from '../host.ts'
import { isEvent, type Outgoing } from '../sessions/frame-sender.ts'
import type { Session } from '../sessions/session.ts'
import type { UpstreamEvent } from '../upstream/transport.ts'
import type { Channel } from './channel.ts'
import type { History } from './history.ts'
import { toOutgoing } from './outgoing-event.ts'
import { isAwake, preferredTaker } from './takers.ts'

export interface SingleDeliveryDeps {
  readonly host: BrokerHost
  readonly history: History
  /** The channel that this number stands for, if there is one. */
  channelOf(ref: number): Channel | undefined
}

/** How long what exactly one tab is to get is held back after another broker's death, for all to say what they have had. */
const HOLD_MS = 1_000

/**
 * What exactly one tab gets (`deliver: 'one'`): who that is, and who instead when that one goes before it has handled
 * it.
 */
export class SingleDelivery {
  readonly #deps: SingleDeliveryDeps

  constructor(deps: SingleDeliveryDeps) {
    this.#deps = deps
  }

  /** A tab that comes from nowhere wants it: what came while nobody took it is not for one who did not ask then. */
  wantedAnew(channel: Channel): void {
    if (!channel.holdsOnes) channel.givenToOne = this.#deps.history.n
  }

  /**
   * Gives an event to one tab; returns it if there is one that takes it.
   * @param n the event's number
   */
  route(channel: Channel, event: UpstreamEvent, n: number): Outgoing | undefined {
    const taker = channel.holdsOnes ? undefined : preferredTaker(takersOf(channel, event.except))
    if (taker === undefined) return undefined
    channel.givenToOne = n
    const outgoing = toOutgoing(-channel.ref, event, 1)
    taker.sender.send(outgoing)
    return outgoing
  }

  /** Up to here one tab or another has been given everything, as those say who have come. Gives what came since. */
  givenUpTo(channel: Channel, places: readonly number[]): void {
    channel.givenToOne = Math.max(channel.givenToOne, ...places)
    if (places.length > 0) this.#routeMissed(channel)
  }

  /** Another broker has left off here, and its tabs are on their way. */
  hold(channel: Channel): void {
    channel.holdsOnes = true
    this.#deps.host.setTimer(HOLD_MS, () => {
      channel.holdsOnes = false
      this.#routeMissed(channel)
    })
  }

  /** What goes to this tab alone and is not handled, to be given to another when this one wants nothing more. */
  takeBackAll(session: Session): readonly Outgoing[] {
    return session.sender.takeBack(outgoing => refForOne(outgoing) !== undefined)
  }

  /** The tab listens no more to what one tab of this channel gets: what is on its way there would go to nobody. */
  takesNoMore(session: Session, { ref }: Channel): void {
    this.passOn(session.sender.takeBack(outgoing => refForOne(outgoing) === ref))
  }

  /** The tab runs no code for now: what it alone was to get and has not handled goes to another that does, if any. */
  paused(session: Session): void {
    this.passOn(
      session.sender.takeBack(outgoing => {
        const taker = this.#takerFor(outgoing)
        return taker !== undefined && taker !== session && isAwake(taker)
      }),
    )
  }

  passOn(unhandled: readonly Outgoing[]): void {
    for (const outgoing of unhandled) this.#takerFor(outgoing)?.sender.send(outgoing)
  }

  #takerFor(outgoing: Outgoing): Session | undefined {
    const ref = refForOne(outgoing)
    const channel = ref === undefined ? undefined : this.#deps.channelOf(ref)
    return channel && preferredTaker(takersOf(channel))
  }

  #routeMissed(channel: Channel): void {
    if (channel.holdsOnes || preferredTaker(takersOf(channel)) === undefined) return
    const { history } = this.#deps
    const missed = history.since(channel.givenToOne, channel.name)
    if (missed === undefined)
      for (const taker of takersOf(channel)) taker.send({ type: 'continuity', ref: channel.ref, verdict: 'unknown' })
    for (const event of missed ?? []) this.route(channel, event, history.n)
    channel.givenToOne = history.n
  }
}

/** Of the channel whose event exactly one tab is to get; `undefined` for all else. */
function refForOne(outgoing: Outgoing): number | undefined {
  if ('text' in outgoing || !isEvent(outgoing.item)) return undefined
  const [ref] = outgoing.item
  return ref < 0 ? -ref : undefined
}

/** @param except the id of a session that is not to get it */
function* takersOf({ subscribers, awaiting }: Channel, except?: string): Iterable<Session> {
  for (const [session, deliver] of subscribers)
    if (deliver !== 'all' && !awaiting.has(session) && session.id !== except) yield session
}

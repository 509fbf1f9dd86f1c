import { describe, PartylineError, type BrokerAddress, type LastWord } from '../../protocol/index.ts'
import { meetingNames } from '../../protocol/meeting.ts'
import { abortable } from '../abortable.ts'
import { Emitter } from '../emitter.ts'
import { agreedGeneration } from '../generation.ts'
import { standForElection, untilNobodyWaits } from './candidacy.ts'
import type { HostLink } from './host.ts'
import { sayLastWord } from './last-word.ts'
import { Leader } from './leader.ts'
import { Meeting } from './meeting.ts'

/** How an election came out for this tab: gives a link to the worker that it leads, or rejects. */
type Outcome = () => Promise<HostLink>

/**
 * One tab's part in the election of a broker for one address: it follows the leader, or is it. Once it has asked to
 * be elected it goes on asking whether or not it has links, until it leaves or its worker fails.
 */
export class Election {
  readonly #address: BrokerAddress
  readonly #startWorker: () => Worker
  readonly #meeting: Meeting
  readonly #left = new AbortController()
  readonly #outcomes = new Emitter<Outcome>()
  #isStanding = false
  #leader: Leader | undefined
  /** Once the scope was forgotten: resolves when the others have heard it. */
  #allHeard: Promise<void> | undefined

  /** @param startWorker throws a PartylineError when it cannot */
  constructor(address: BrokerAddress, startWorker: () => Worker) {
    this.#address = address
    this.#startWorker = startWorker
    this.#meeting = new Meeting(address)
  }

  isFor({ scope, generation }: BrokerAddress): boolean {
    return scope === this.#address.scope && generation === this.#address.generation
  }

  /** Resolves when this tab is elected or the one that is has answered, whichever comes first. */
  async open(signal: AbortSignal): Promise<HostLink> {
    if (this.#leader !== undefined) return this.#leader.link()
    const link = abortable([signal, this.#left.signal], done =>
      Promise.race([this.#outcome(done), this.#meeting.link(done)]),
    )
    void this.#stand()
    return link
  }

  /**
   * Ends the worker, if this tab runs it, before it makes way for the next: at once, unless the scope was `forgotten`,
   * which the others have yet to hear. A worker that is ended takes along what it has just said in Firefox and WebKit.
   * Idempotent.
   *
   * @param word for the other tabs to take to the next one
   */
  leave(why?: PartylineError, word?: LastWord): void {
    const leader = this.#leader
    if (leader !== undefined && word !== undefined) sayLastWord(this.#address.scope, word)
    if (why?.code === 'forgotten') this.#allHeard ??= untilNobodyWaits(meetingNames(this.#address))
    // One that has not started has said nothing, and must not.
    if (this.#allHeard && leader?.hasStarted) void this.#allHeard.then(() => leader.end())
    else leader?.end()
    this.#meeting.close()
    this.#left.abort(new PartylineError('stale-epoch', 'the page has left the election', { retryable: true }))
  }

  #outcome(done: AbortSignal): Promise<HostLink> {
    return new Promise(resolve => {
      this.#outcomes.on(outcome => resolve(outcome()), { signal: done })
    })
  }

  async #stand(): Promise<void> {
    if (this.#isStanding) return
    this.#isStanding = true
    try {
      await standForElection({
        names: meetingNames(this.#address),
        left: this.#left.signal,
        lead: () => this.#lead(),
        deposed: () => this.#deposed(),
      })
    } catch (error) {
      this.#outcomes.emit(async () => {
        throw error instanceof PartylineError
          ? error
          : new PartylineError('worker-failed', `no broker can be elected: ${describe(error)}`, {
              retryable: true,
              cause: error,
            })
      })
    } finally {
      this.#isStanding = false
    }
  }

  async #lead(): Promise<void> {
    const { scope, generation } = this.#address
    // The lock of a generation that was given up comes to those who have not heard of it. Its broker would only be waited for.
    if ((await agreedGeneration(scope)) > generation) return this.#resign()
    if (this.#left.signal.aborted) return
    const leader = new Leader(this.#startWorker())
    this.#leader = leader
    this.#outcomes.emit(async () => leader.link())
    // Whoever led before is gone. Its last word may still be on its way: that there is nothing to lead any more.
    await Promise.race([leader.started, elapsed(LAST_WORD_MS)])
    this.#meeting.here(OWN)
    await leader.over
    this.#leader = undefined
    await this.#allHeard
  }

  #resign(): void {
    const error = new PartylineError('stale-epoch', 'the tabs have another broker by now', { retryable: true })
    this.#outcomes.emit(() => Promise.reject(error))
    this.#meeting.here(OWN)
  }

  #deposed(): void {
    this.#leader?.end(new PartylineError('stale-epoch', 'another tab runs the broker now', { retryable: true }))
  }
}

/** How long a new leader listens to the broker before, at most: until its own has started. */
const LAST_WORD_MS = 500

function elapsed(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms))
}

/** In place of an epoch: that of the worker that is being started, to which this tab has other links. */
const OWN = 'own'

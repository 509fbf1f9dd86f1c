import { deferred } from '../../lib/index.ts'
import { generationOf, type Checkpoint, type Mark } from '../../protocol/index.ts'
import type { BrokerHost } from '../host.ts'

/** How long an older broker that lives may take to answer. */
const ANSWER_MS = 40
/** How long tabs that are there may take to come over. */
const ARRIVAL_MS = 400
/** How long an older broker may take to let go. */
const YIELD_MS = 3_000

export interface PredecessorDeps {
  readonly host: BrokerHost
  readonly scope: string
  /** How long tabs may take to come over. */
  readonly handoverMs: number
  /** Other brokers can be heard. */
  readonly canMeet: boolean
  /** Leases of the tabs that are attached here. */
  attachedLeases(): ReadonlySet<string>
}

/**
 * Finds out, before the first connection, whether another broker was here and where it can be carried on: from
 * that broker itself where it lives, else from its tabs. A broker that starts alone waits for nobody.
 */
export class Predecessor {
  readonly #deps: PredecessorDeps
  readonly #found = deferred<Checkpoint | undefined>()
  readonly #yielding = new Set<string>()
  #cancel = (): void => {}
  #deadline: number | undefined
  #isAsked = false
  #isOver = false
  /** Of the first older broker that left one, or else of the first tab that brought one. */
  #checkpoint: Checkpoint | undefined

  readonly #startedAt: number

  constructor(deps: PredecessorDeps) {
    this.#deps = deps
    this.#startedAt = deps.host.now()
  }

  /** Resolves when it is known. */
  async checkpoint(): Promise<Checkpoint | undefined> {
    if (this.#isOver) return undefined
    if (!this.#isAsked) void this.#lookAround()
    this.#isAsked = true
    return this.#found.promise
  }

  /** This broker has a connection of its own: from now on it carries on with that. */
  over(): void {
    this.#isOver = true
  }

  /**
   * What the next broker is to carry on from. Tabs of the one before this may still be on their way, and know
   * nothing of what has come since.
   */
  passOn(own: Checkpoint | undefined): Checkpoint | undefined {
    const { host, handoverMs } = this.#deps
    const isRecent = host.now() - this.#startedAt < handoverMs
    return isRecent && hasPosition(this.#checkpoint) && isSameSession(this.#checkpoint, own) ? this.#checkpoint : own
  }

  yielding(epoch: string): void {
    this.#yielding.add(epoch)
    this.#giveUpAfter(YIELD_MS)
  }

  yielded(epoch: string, checkpoint: Checkpoint | undefined): void {
    this.#yielding.delete(epoch)
    if (hasPosition(checkpoint)) this.#checkpoint = checkpoint
    if (this.#yielding.size === 0) this.#settle()
  }

  /** A tab came, perhaps from another broker. */
  attached(marks: readonly Mark[]): void {
    if (this.#checkpoint !== undefined) return
    this.#checkpoint = earliest(marks)
    if (this.#isAsked) void this.#lookAround()
  }

  async #lookAround(): Promise<void> {
    const { canMeet, host } = this.#deps
    const othersAttach =
      canMeet &&
      this.#checkpoint === undefined &&
      (await this.#areOthersThere().catch((error: unknown) => {
        host.reportError(error)
        return false
      }))
    if (this.#yielding.size > 0) return
    if (!canMeet) this.#settle()
    // Also when no tab seems to be there: those in the back/forward cache hold no lease.
    else if (!othersAttach) this.#giveUpAt(this.#startedAt + ANSWER_MS)
    else this.#giveUpAt((this.#deadline ??= host.now() + ARRIVAL_MS))
  }

  async #areOthersThere(): Promise<boolean> {
    const { host, scope, attachedLeases } = this.#deps
    const held = await host.heldLocks()
    const attached = attachedLeases()
    return [...(held ?? [])].some(name => generationOf(name, scope) !== undefined && !attached.has(name))
  }

  #giveUpAfter(ms: number): void {
    this.#giveUpAt(this.#deps.host.now() + ms)
  }

  #giveUpAt(time: number): void {
    const { host } = this.#deps
    this.#cancel()
    this.#cancel = host.setTimer(Math.max(0, time - host.now()), () => this.#settle())
  }

  #settle(): void {
    this.#cancel()
    this.#found.resolve(this.#checkpoint)
  }
}

/**
 * The first that is of the same session as the last: tabs that come later have theirs behind it, most likely. One
 * without a position is of no use to a server.
 */
function earliest(marks: readonly Mark[]): Checkpoint | undefined {
  const last = marks.at(-1)?.checkpoint
  return marks.find(({ checkpoint }) => hasPosition(checkpoint) && isSameSession(checkpoint, last))?.checkpoint
}

function hasPosition(checkpoint: Checkpoint = {}): boolean {
  return Object.values(checkpoint).some(({ position }) => position !== undefined)
}

function isSameSession(a: Checkpoint = {}, b: Checkpoint = {}): boolean {
  return Object.entries(a).every(([stream, { session }]) => session === b[stream]?.session)
}

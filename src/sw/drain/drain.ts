import { LEASE_MS, openExistingOutbox, type Kind, type Outbox, type Usage } from '../../outbox/index.ts'
import { drainMessages } from './drain-messages.ts'
import { drainRequests, type DrainDeps } from './drain-requests.ts'
import type { Endpoint } from './endpoint.ts'
import { withLease } from './held-lease.ts'
import { laneId } from './lane-id.ts'
import { Pauses } from './pauses.ts'

export interface DrainsDeps {
  /** Where messages go; without one only the app's own calls are sent. */
  readonly endpoint: Endpoint | undefined
  /** Of this life of this worker. */
  readonly holder: string
  /** Those that may have an outbox. */
  scopes(): Promise<readonly string[]>
  /** Whether the app's own calls of this scope may be made now: they carry whatever cookies there are. */
  mayCall(scope: string): Promise<boolean>
  /** The outbox of this scope is about to be used. */
  opening(scope: string): void
  /** Something has left the outbox of this scope. */
  changed(scope: string): void
  /** Something is left: asks the browser to wake this worker when there is a network. */
  wakeLater(): void
  reportError(error: unknown): void
}

/** How long one run waits for lanes that have failed, and for whoever else is sending. Browsers end a worker that takes its time. */
const PATIENCE_MS = 30_000

/** Sends what waits in the outboxes of all scopes, while no broker does. One run at a time. */
export class Drain {
  readonly #deps: DrainsDeps
  readonly #pauses = new Pauses({ now: () => Date.now(), random: () => Math.random() })
  readonly #aborts = new Map<string, AbortController>()
  /** By the wall clock. */
  readonly #forgottenAt = new Map<string, number>()
  #running: Promise<boolean> | undefined
  #isAgain = false
  /** When the next pause ends for which no run has waited. */
  #dueAt = Infinity
  #wake = (): void => {}

  constructor(deps: DrainsDeps) {
    this.#deps = deps
  }

  /** There may be something to send. Resolves, when all that can be sent now is, with whether anything is left. */
  run(): Promise<boolean> {
    this.#isAgain = true
    this.#wake()
    this.#running ??= this.#runAll().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** The network seems to be back, or somebody wants to know. */
  runNow(): Promise<boolean> {
    this.#pauses.endThoseForNetwork()
    return this.run()
  }

  /** This worker is awake. Resolves when what has become due since the last run is sent. */
  async runIfDue(): Promise<void> {
    if (Date.now() >= this.#dueAt) await this.run()
  }

  /** A server has answered. Resolves when what has waited for it is sent. */
  async networkWorked(): Promise<void> {
    if (this.#pauses.awaitNetwork) await this.runNow()
  }

  networkFailed(scope: string, lane: string): void {
    this.#pauses.failed(laneId(scope, 'request', lane), { isForNetwork: true })
  }

  /** Nothing more is sent of this scope. */
  forget(scope: string): void {
    this.#forgottenAt.set(scope, Date.now())
    this.#aborts.get(scope)?.abort()
  }

  async #runAll(): Promise<boolean> {
    const patienceEnds = Date.now() + PATIENCE_MS
    this.#dueAt = Infinity
    for (;;) {
      this.#isAgain = false
      const { isLeft, isBusy } = await this.#drainAll()
      if (this.#isAgain) continue
      if (!isLeft) return false
      // The holder may be gone, and its lease lapse.
      const ms = Math.min(this.#pauses.nextMs() ?? Infinity, isBusy ? LEASE_MS : Infinity)
      if (Date.now() + ms > patienceEnds) {
        this.#dueAt = Date.now() + ms
        break
      }
      await this.#sleep(ms)
    }
    this.#deps.wakeLater()
    return true
  }

  #sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #drainAll(): Promise<Left> {
    const listedAt = Date.now()
    const listed = await this.#deps.scopes()
    // Nothing is sent any more of one that was forgotten since.
    const scopes = listed.filter(scope => (this.#forgottenAt.get(scope) ?? -Infinity) < listedAt)
    const left = await Promise.all(scopes.map(scope => this.#drainScope(scope)))
    return { isLeft: left.some(({ isLeft }) => isLeft), isBusy: left.some(({ isBusy }) => isBusy) }
  }

  async #drainScope(scope: string): Promise<Left> {
    const abort = new AbortController()
    this.#aborts.set(scope, abort)
    try {
      this.#deps.opening(scope)
      // One that was wiped since it was listed must not be made anew.
      const box = await openExistingOutbox({ scope, reportError: this.#deps.reportError })
      if (box === undefined) return { isLeft: false, isBusy: false }
      abort.signal.addEventListener('abort', () => box.close())
      if (abort.signal.aborted) box.close()
      return await this.#drainBox(scope, box, abort.signal).finally(() => box.close())
    } catch (error) {
      if (abort.signal.aborted) return { isLeft: false, isBusy: false }
      this.#deps.reportError(error)
      return { isLeft: true, isBusy: false }
    } finally {
      this.#aborts.delete(scope)
    }
  }

  async #drainBox(scope: string, box: Outbox, signal: AbortSignal): Promise<Left> {
    const { endpoint, changed } = this.#deps
    const before = box.usage
    const kinds: Kind[] = endpoint === undefined ? ['request'] : ['request', 'message']
    const left = await Promise.all(kinds.map(kind => this.#drainKind(kind, { scope, box, signal })))
    if (hasChanged(before, box.usage)) changed(scope)
    return { isLeft: left.some(({ isLeft }) => isLeft), isBusy: left.some(({ isBusy }) => isBusy) }
  }

  async #drainKind(kind: Kind, parts: Pick<DrainDeps, 'scope' | 'box' | 'signal'>): Promise<Left> {
    const { box } = parts
    // Without a lease for what is not there.
    if ((await box.lanes(kind)).length === 0) return { isLeft: false, isBusy: false }
    const { endpoint, holder, mayCall } = this.#deps
    if (kind === 'message' && (await box.isAttended())) return { isLeft: true, isBusy: true }
    if (kind === 'request' && !(await mayCall(parts.scope))) return { isLeft: true, isBusy: false }
    const done = await withLease(box, kind, holder, async lease => {
      const deps = { ...parts, lease, pauses: this.#pauses }
      await (kind === 'message' && endpoint !== undefined ? drainMessages(endpoint, deps) : drainRequests(deps))
      return true
    })
    const isLeft = (await box.lanes(kind)).length > 0
    return { isLeft, isBusy: done === undefined || (isLeft && kind === 'message' && (await box.isAttended())) }
  }
}

interface Left {
  readonly isLeft: boolean
  /** Somebody else is sending. */
  readonly isBusy: boolean
}

function hasChanged(before: Usage, after: Usage): boolean {
  return before.waiting !== after.waiting || before.dead !== after.dead
}

import { openOutbox, type Outbox } from '../../outbox/index.ts'
import { PartylineError, toWireError } from '../../protocol/index.ts'
import type { ResolvedRoute } from '../options.ts'
import { IDEMPOTENCY_KEY } from './kept-headers.ts'
import { toEntry, withKey } from './queued-request.ts'

export interface RequestQueueDeps {
  /** Whether the scope is still the one that it was then. */
  isWanted(scope: string, startedAt: number): boolean
  /** A server has answered. */
  networkWorked(): void
  /** A request of this lane could not be sent for lack of a network. */
  networkFailed(scope: string, lane: string): void
  /** Something new waits in the outbox of this scope. */
  stored(scope: string): void
  reportError(error: unknown): void
}

type WriteRoute = Pick<ResolvedRoute, 'lane' | 'keepAuthorization'>

/** One request on its way. */
interface Write extends WriteRoute {
  readonly scope: string
  readonly key: string
  readonly startedAt: number
  readonly request: Request
}

/** Sends what changes things, or stores it when there is no network, or when something of its lane waits already. */
export class RequestQueue {
  readonly #deps: RequestQueueDeps

  constructor(deps: RequestQueueDeps) {
    this.#deps = deps
  }

  /** Rejects as the network does when the request could neither be sent nor is to be stored. */
  async answer(scope: string, { lane, keepAuthorization }: WriteRoute, request: Request): Promise<Response> {
    const key = request.headers.get(IDEMPOTENCY_KEY) ?? crypto.randomUUID()
    const write = { scope, lane, keepAuthorization, key, startedAt: Date.now(), request: withKey(request, key) }
    const box = await this.#open(scope)
    if (box === undefined) return fetch(write.request)
    try {
      return (await this.#isWaiting(box, lane)) ? await this.#store(box, write) : await this.#send(box, write)
    } finally {
      await this.#leave(box, write)
    }
  }

  /** `undefined` where nothing can be stored. */
  async #open(scope: string): Promise<Outbox | undefined> {
    const { reportError } = this.#deps
    try {
      return await openOutbox({ scope, reportError })
    } catch (error) {
      reportError(error)
      return undefined
    }
  }

  async #isWaiting(box: Outbox, lane: string): Promise<boolean> {
    try {
      return (await box.head('request', lane, 1)).length > 0
    } catch (error) {
      this.#deps.reportError(error)
      return false
    }
  }

  async #send(box: Outbox, write: Write): Promise<Response> {
    const { scope, lane, startedAt, request } = write
    const copy = request.clone()
    try {
      const response = await fetch(request)
      this.#deps.networkWorked()
      return response
    } catch (error) {
      // Whoever takes it back does not want it sent later.
      if (request.signal.aborted || !this.#deps.isWanted(scope, startedAt)) throw error
      this.#deps.networkFailed(scope, lane)
      return this.#store(box, { ...write, request: copy })
    }
  }

  /** Never rejects: the page hears why it could not be stored. */
  async #store(box: Outbox, write: Write): Promise<Response> {
    const { scope, request, ...how } = write
    try {
      const entry = await toEntry(request, how)
      this.#refuseForgotten(write)
      await box.add(entry)
      if (!this.#deps.isWanted(scope, write.startedAt)) await box.drop([how.key])
      this.#refuseForgotten(write)
    } catch (error) {
      return refusal(error)
    }
    this.#deps.stored(scope)
    return new Response(JSON.stringify({ queued: true, id: how.key }), {
      status: 202,
      headers: { 'content-type': 'application/json', 'partyline-queued': how.key },
    })
  }

  #refuseForgotten({ scope, startedAt }: Write): void {
    if (!this.#deps.isWanted(scope, startedAt))
      throw new PartylineError('forgotten', 'the line was forgotten while the request was on its way')
  }

  /** Opening it may have made anew what was deleted meanwhile. */
  async #leave(box: Outbox, { scope, startedAt }: Write): Promise<void> {
    const { isWanted, reportError } = this.#deps
    try {
      if (isWanted(scope, startedAt)) return
      const { waiting, dead } = await box.refresh()
      if (waiting + dead === 0) await box.wipe()
    } catch (error) {
      reportError(error)
    } finally {
      box.close()
    }
  }
}

/** Nothing was sent and nothing is stored; the page hears why. */
function refusal(error: unknown): Response {
  return new Response(JSON.stringify({ queued: false, error: toWireError(error) }), {
    status: 503,
    statusText: 'Not Queued',
    headers: { 'content-type': 'application/json' },
  })
}

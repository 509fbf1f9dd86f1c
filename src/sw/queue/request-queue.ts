import { openOutbox, type Outbox } from '../../outbox/index.ts'
import { toWireError } from '../../protocol/index.ts'
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

/** Sends what changes things, or stores it when there is no network, or when something of its lane waits already. */
export class RequestQueue {
  readonly #deps: RequestQueueDeps

  constructor(deps: RequestQueueDeps) {
    this.#deps = deps
  }

  /** Rejects as the network does when the request could neither be sent nor is to be stored. */
  async answer(scope: string, route: WriteRoute, request: Request): Promise<Response> {
    const key = request.headers.get(IDEMPOTENCY_KEY) ?? crypto.randomUUID()
    const keyed = withKey(request, key)
    const box = await this.#open(scope)
    if (box === undefined) return fetch(keyed)
    try {
      const waiting = await box.head('request', route.lane, 1)
      return waiting.length > 0
        ? await this.#store(box, scope, route, keyed, key)
        : await this.#send(box, scope, route, keyed, key)
    } finally {
      box.close()
    }
  }

  async #send(box: Outbox, scope: string, route: WriteRoute, request: Request, key: string): Promise<Response> {
    const startedAt = Date.now()
    const copy = request.clone()
    try {
      const response = await fetch(request)
      this.#deps.networkWorked()
      return response
    } catch (error) {
      // Whoever takes it back does not want it sent later.
      if (request.signal.aborted || !this.#deps.isWanted(scope, startedAt)) throw error
      this.#deps.networkFailed(scope, route.lane)
      return this.#store(box, scope, route, copy, key)
    }
  }

  async #store(box: Outbox, scope: string, route: WriteRoute, request: Request, key: string): Promise<Response> {
    try {
      await box.add(await toEntry(request, { ...route, key }))
    } catch (error) {
      return refusal(error)
    }
    this.#deps.stored(scope)
    return new Response(JSON.stringify({ queued: true, id: key }), {
      status: 202,
      headers: { 'content-type': 'application/json', 'partyline-queued': key },
    })
  }

  async #open(scope: string): Promise<Outbox | undefined> {
    try {
      return await openOutbox({ scope, reportError: this.#deps.reportError })
    } catch (error) {
      this.#deps.reportError(error)
      return undefined
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

import type { ApiAnswer, ApiRequest, AppServer } from './app-server.ts'

export interface PostedMessage {
  readonly key: string
  readonly lane: string
  readonly channel: string
  readonly event: string
  readonly payload: { readonly n: number }
  readonly createdAt: number
}

export interface Posted {
  readonly scope: string
  readonly messages: readonly PostedMessage[]
}

type Outcome = 'acknowledged' | 'rejected' | 'retry'

/** The outbox endpoint of an app's server. */
export interface OutboxEndpoint {
  /** What came, batch after batch. */
  readonly batches: Posted[]
  /** What it came as. */
  readonly requests: ApiRequest[]
  /** Numbers in the payloads of what was acknowledged, in order, those that came twice once. */
  handled(): number[]
  /** Answers each message so from now on; `undefined` leaves it out. */
  outcome: (message: PostedMessage) => Outcome | undefined
  /** Answers the whole batch so from now on. */
  instead: ApiAnswer | undefined
  /** On every answer. */
  headers: Readonly<Record<string, string>>
}

/** Takes everything, unless told otherwise; of a lane nothing that is behind what it has not taken. */
export function outboxEndpoint(app: AppServer): OutboxEndpoint {
  const handled = new Map<string, number>()
  const endpoint: OutboxEndpoint = {
    batches: [],
    requests: [],
    handled: () => [...handled.values()],
    outcome: () => 'acknowledged',
    instead: undefined,
    headers: {},
  }
  app.on('/outbox', request => {
    const { headers, instead } = endpoint
    const posted = JSON.parse(request.body) as Posted
    endpoint.batches.push(posted)
    endpoint.requests.push(request)
    if (instead !== undefined) return instead
    const stopped = new Set<string>()
    const results = posted.messages.flatMap(message => {
      const { key, lane, payload } = message
      const outcome = stopped.has(lane) ? undefined : endpoint.outcome(message)
      if (outcome === 'acknowledged') handled.set(key, payload.n)
      if (outcome === undefined || outcome === 'retry') stopped.add(lane)
      return outcome === undefined ? [] : [{ key, outcome, error: outcome === 'rejected' ? 'not so' : undefined }]
    })
    return { headers, body: { results } }
  })
  return endpoint
}

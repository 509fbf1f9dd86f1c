import type { Entry, Outbox, RequestBody } from '../../outbox/index.ts'
import { PartylineError, toWireError } from '../../protocol/index.ts'
import { toRequest } from '../queue/queued-request.ts'
import type { HeldLease } from './held-lease.ts'
import { laneId } from './lane-id.ts'
import type { Pauses } from './pauses.ts'
import { verdictOf } from './verdict.ts'

export interface DrainDeps {
  readonly scope: string
  readonly box: Outbox
  readonly lease: HeldLease
  readonly pauses: Pauses
  /** Aborts when the scope is forgotten. */
  readonly signal: AbortSignal
}

const EXCERPT_LENGTH = 500

/** Makes the stored calls: of each lane one at a time, in order. An entry leaves only after the server's answer. */
export async function drainRequests(deps: DrainDeps): Promise<void> {
  const lanes = await deps.box.lanes('request')
  await Promise.all(lanes.map(({ lane }) => drainLane(lane, deps)))
}

async function drainLane(lane: string, deps: DrainDeps): Promise<void> {
  const { scope, box, lease, pauses, signal } = deps
  const id = laneId(scope, 'request', lane)
  while (!signal.aborted && !pauses.has(id) && (await lease.isMine())) {
    const [entry] = await box.head('request', lane, 1)
    if (entry?.body.kind !== 'request') return
    await send(entry, entry.body, id, deps)
  }
}

async function send({ key }: Entry, body: RequestBody, id: string, deps: DrainDeps): Promise<void> {
  const { scope, box, pauses, signal } = deps
  box.sending.add(key)
  try {
    const response = await fetch(toRequest(scope, key, body, signal)).catch(() => undefined)
    if (response === undefined) {
      pauses.failed(id, { isForNetwork: true })
      return await box.attempted(key)
    }
    const verdict = verdictOf(response.status, response.headers.get('retry-after'), Date.now())
    if (verdict.outcome === 'later') {
      pauses.failed(id, verdict)
      return await box.attempted(key)
    }
    pauses.worked(id)
    if (verdict.outcome === 'done') await box.acknowledged(key)
    else await box.bury(key, 'rejected', toWireError(await refused(response)))
  } finally {
    box.sending.delete(key)
  }
}

async function refused(response: Response): Promise<PartylineError> {
  const { status } = response
  const body = (await response.text().catch(() => '')).slice(0, EXCERPT_LENGTH)
  return new PartylineError('rejected', `the server answered ${status}`, { details: { status, body } })
}

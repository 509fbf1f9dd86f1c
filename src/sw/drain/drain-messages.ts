import type { Entry } from '../../outbox/index.ts'
import { PartylineError, toWireError } from '../../protocol/index.ts'
import { batchOf, type MessageEntry } from './batch.ts'
import type { DrainDeps } from './drain-requests.ts'
import type { EndpointResult } from './endpoint-answer.ts'
import type { Endpoint } from './endpoint.ts'
import { laneId } from './lane-id.ts'

/** Stands for all lanes of a scope: what is said of a whole batch. */
export const ALL_LANES = ''

/**
 * Sends stored messages to the app's endpoint, batch after batch, until nothing is left that can be sent now, or a broker
 * is there to send it. An entry leaves only when the endpoint has said what became of it.
 */
export async function drainMessages(endpoint: Endpoint, deps: DrainDeps): Promise<void> {
  const { scope, box, lease, pauses, signal } = deps
  const whole = laneId(scope, 'message', ALL_LANES)
  const unfit = new Set<string>()
  let { batchSize } = endpoint
  while (!signal.aborted && !pauses.has(whole) && (await lease.isMine())) {
    const [isAttended] = await Promise.all([box.isAttended(), box.expire()])
    if (isAttended) return
    const batch = batchOf(await heads(batchSize, unfit, deps), batchSize)
    for (const lane of batch.unfit) unfit.add(lane)
    if (batch.entries.length === 0) {
      if (batch.unfit.length > 0) continue
      return
    }
    const outcome = await post(endpoint, batch.entries, deps)
    switch (outcome.type) {
      case 'answered':
        pauses.worked(whole)
        await settle(batch.entries, outcome.results, deps)
        break
      case 'wait':
        pauses.failed(whole, outcome)
        break
      case 'too-large':
        pauses.worked(whole)
        batchSize = (await buryAlone(batch.entries, deps)) ? endpoint.batchSize : Math.ceil(batch.entries.length / 2)
        break
    }
  }
}

async function heads(batchSize: number, unfit: ReadonlySet<string>, deps: DrainDeps): Promise<(readonly Entry[])[]> {
  const { scope, box, pauses } = deps
  const found: (readonly Entry[])[] = []
  let missing = batchSize
  for (const { lane } of await box.lanes('message')) {
    if (missing <= 0) break
    if (unfit.has(lane) || pauses.has(laneId(scope, 'message', lane))) continue
    const head = await box.head('message', lane, missing)
    found.push(head)
    missing -= head.length
  }
  return found
}

async function post(endpoint: Endpoint, entries: readonly MessageEntry[], { scope, box, signal }: DrainDeps) {
  for (const { key } of entries) box.sending.add(key)
  try {
    return await endpoint.post(scope, entries, signal)
  } finally {
    for (const { key } of entries) box.sending.delete(key)
  }
}

/** What the server has not handled waits, and with it what is behind it in its lane. */
async function settle(
  entries: readonly MessageEntry[],
  results: ReadonlyMap<string, EndpointResult>,
  { scope, box, pauses }: DrainDeps,
): Promise<void> {
  const stopped = new Set<string>()
  const writes: Promise<void>[] = []
  for (const { key, lane } of entries) {
    const { outcome, error } = results.get(key) ?? { outcome: 'retry', error: undefined }
    if (outcome === 'acknowledged') writes.push(box.acknowledged(key))
    else if (outcome === 'rejected') writes.push(box.bury(key, 'rejected', toWireError(refused(error))))
    else {
      stopped.add(lane)
      writes.push(box.attempted(key))
    }
  }
  for (const lane of new Set(entries.map(entry => entry.lane)))
    if (stopped.has(lane)) pauses.failed(laneId(scope, 'message', lane), {})
    else pauses.worked(laneId(scope, 'message', lane))
  await Promise.all(writes)
}

/** With one message the server says of it, and of no other, that it is too large. */
async function buryAlone([entry, ...others]: readonly MessageEntry[], { box }: DrainDeps): Promise<boolean> {
  if (entry === undefined || others.length > 0) return false
  const error = new PartylineError('rejected', 'the server answered 413: the message is too large for it', {
    details: { status: 413 },
  })
  await box.bury(entry.key, 'rejected', toWireError(error))
  return true
}

function refused(reason: string | undefined): PartylineError {
  return new PartylineError('rejected', `the server refused the message${reason === undefined ? '' : `: ${reason}`}`)
}

import 'fake-indexeddb/auto'
import { expect, onTestFinished, test } from 'vitest'
import { openOutbox, type OpenOutboxOptions, type Outbox } from '../../src/outbox/index.ts'
import { toWireError } from '../../src/protocol/index.ts'
import { RequestQueue } from '../../src/sw/queue/request-queue.ts'

let scopes = 0

/** Nothing is expected to go wrong: the run fails by what is thrown here. */
function reportError(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}

async function outboxOf(options: Partial<OpenOutboxOptions> = {}): Promise<{ scope: string; box: Outbox }> {
  const scope = `queue-${++scopes}`
  const box = await openOutbox({ ...options, scope, reportError })
  onTestFinished(() => box.close())
  return { scope, box }
}

/** Posts while there is no network. */
async function post(scope: string, body: unknown, key: string): Promise<unknown> {
  const queue = new RequestQueue({
    isWanted: () => true,
    networkWorked() {},
    networkFailed() {},
    stored() {},
    reportError,
  })
  // Nobody listens on this port.
  const request = new Request('http://127.0.0.1:1/orders', {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'idempotency-key': key },
  })
  const response = await queue.answer(scope, { lane: 'orders', keepAuthorization: false }, request)
  return { status: response.status, ...((await response.json()) as object) }
}

const bodiesOf = async (box: Outbox): Promise<unknown[]> =>
  (await box.head('request', 'orders', 10)).map(({ body }) =>
    body.kind === 'request' ? JSON.parse(new TextDecoder().decode(body.body)) : body,
  )

test('a call under the key of a dead letter waits in its place', async () => {
  const { scope, box } = await outboxOf()
  expect(await post(scope, 'wrong', 'own')).toMatchObject({ status: 202, queued: true })
  await box.bury('own', 'rejected', toWireError(new Error('no')))
  expect(await post(scope, 'right', 'own')).toEqual({ status: 202, queued: true, id: 'own' })
  expect(await bodiesOf(box)).toEqual(['right'])
  expect(await box.refresh()).toMatchObject({ waiting: 1, dead: 0 })
})

test('a call under the key of a message is refused, and says why', async () => {
  const { scope, box } = await outboxOf()
  const body = { kind: 'message', channel: 'orders', event: 'place', payload: 1 } as const
  await box.add({ key: 'own', lane: 'orders', bytes: 8, createdAt: 1, body })
  expect(await post(scope, 'mine', 'own')).toMatchObject({ status: 503, queued: false, error: { code: 'bad-options' } })
  expect(await bodiesOf(box)).toEqual([])
})

test('the limits of the app’s broker hold for calls as well', async () => {
  const { scope } = await outboxOf({ maxEntries: 1 })
  expect(await post(scope, 1, 'a')).toMatchObject({ status: 202 })
  expect(await post(scope, 2, 'b')).toMatchObject({ status: 503, error: { code: 'outbox-full' } })
})

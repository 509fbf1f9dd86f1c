import type { BrowserContext, Page } from '@playwright/test'
import { expect, test } from '../support/e2e/fixtures.ts'
import {
  nudge,
  openOfflinePage,
  stopServiceWorkers,
  storeMessages,
  type StoredMessage,
} from '../support/e2e/offline-page.ts'
import type { AppServer } from '../support/servers/app-server.ts'
import { outboxEndpoint } from '../support/servers/outbox-endpoint.ts'

const message = (n: number, lane = 'orders', extra: object = {}): StoredMessage => ({ lane, payload: { n, ...extra } })

/** A page without a broker, in whose browser these messages wait. */
async function withWaiting(context: BrowserContext, app: AppServer, messages: readonly StoredMessage[]): Promise<Page> {
  const page = await openOfflinePage(context, { app, scope: 'ann' })
  await storeMessages(page, 'ann', messages)
  return page
}

test('messages go in batches, of each lane in order, with their keys', async ({ context, app }) => {
  const endpoint = outboxEndpoint(app)
  const page = await withWaiting(context, app, [
    message(1),
    message(2),
    message(10, 'chat'),
    message(3),
    message(11, 'chat'),
  ])
  await nudge(page)
  await expect.poll(() => endpoint.handled()).toEqual([1, 2, 3, 10, 11])
  expect(endpoint.batches.map(({ messages }) => messages.length)).toEqual([3, 2])
  expect(endpoint.batches[0]).toEqual({
    scope: 'ann',
    messages: [1, 2, 3].map(n => ({
      key: expect.stringMatching(/^key-/) as unknown,
      lane: 'orders',
      channel: 'orders',
      event: 'add',
      payload: { n },
      createdAt: expect.any(Number) as unknown,
    })),
  })
  await expect.poll(() => storeMessages(page, 'ann', [])).toEqual({ waiting: 0, dead: 0 })
})

test('after a retry nothing later of its lane is sent, and a message without a result counts as one', async ({
  context,
  app,
}) => {
  const endpoint = outboxEndpoint(app)
  endpoint.outcome = ({ payload: { n } }) => (n === 1 ? 'retry' : n === 10 ? undefined : 'acknowledged')
  const page = await withWaiting(context, app, [message(1), message(10, 'chat'), message(20, 'other')])
  await storeMessages(page, 'ann', [message(2), message(11, 'chat'), message(21, 'other')])
  await nudge(page)
  await expect.poll(() => endpoint.handled()).toEqual(expect.arrayContaining([20, 21]))
  endpoint.outcome = () => 'acknowledged'
  await expect.poll(() => endpoint.handled().filter(n => n < 10)).toEqual([1, 2])
  await expect.poll(() => endpoint.handled().filter(n => n >= 10 && n < 20)).toEqual([10, 11])
})

test('what is rejected goes to the dead letters, the rest goes on', async ({ context, app }) => {
  const endpoint = outboxEndpoint(app)
  endpoint.outcome = ({ payload: { n } }) => (n === 1 ? 'rejected' : 'acknowledged')
  const page = await withWaiting(context, app, [message(1), message(2)])
  await nudge(page)
  await expect.poll(() => endpoint.handled()).toEqual([2])
  await expect.poll(() => storeMessages(page, 'ann', [])).toEqual({ waiting: 0, dead: 1 })
})

for (const instead of [
  { status: 401 },
  { status: 404 },
  { status: 500 },
  { status: 200, body: 'no JSON' },
  { status: 200, body: { results: [{ key: 3 }] } },
])
  test(`an endpoint that answers ${JSON.stringify(instead)} has taken nothing, and nothing is dead`, async ({
    context,
    app,
  }) => {
    const endpoint = outboxEndpoint(app)
    endpoint.instead = instead
    const page = await withWaiting(context, app, [message(1), message(2)])
    await nudge(page)
    await expect.poll(() => endpoint.batches.length).toBeGreaterThan(0)
    expect(await storeMessages(page, 'ann', [])).toEqual({ waiting: 2, dead: 0 })
    endpoint.instead = undefined
    await expect.poll(() => endpoint.handled(), { timeout: 10_000 }).toEqual([1, 2])
  })

test('a batch that is too large goes in smaller ones', async ({ context, app }) => {
  const endpoint = outboxEndpoint(app)
  const page = await withWaiting(context, app, [message(1), message(2), message(3)])
  app.on('/outbox', request => {
    const { messages } = JSON.parse(request.body) as { messages: { payload: { n: number }; key: string }[] }
    if (messages.length > 1) return { status: 413 }
    endpoint.batches.push(JSON.parse(request.body))
    return { body: { results: messages.map(({ key }) => ({ key, outcome: 'acknowledged' })) } }
  })
  await nudge(page)
  await expect
    .poll(() => endpoint.batches.flatMap(({ messages }) => messages.map(({ payload }) => payload.n)))
    .toEqual([1, 2, 3])
})

test('what JSON cannot carry is left for the broker, with all that is behind it', async ({ context, app }) => {
  const endpoint = outboxEndpoint(app)
  const page = await openOfflinePage(context, { app, scope: 'ann' })
  await storeMessages(page, 'ann', [message(1), { lane: 'orders', payload: 'a date' }, message(3), message(10, 'chat')])
  await nudge(page)
  await expect.poll(() => endpoint.handled()).toEqual([1, 10])
  expect(await storeMessages(page, 'ann', [])).toEqual({ waiting: 2, dead: 0 })
})

test('large bodies are compressed once the endpoint has said that it takes that, also by the next worker', async ({
  context,
  app,
}) => {
  const endpoint = outboxEndpoint(app)
  endpoint.headers = { 'accept-encoding': 'br, gzip' }
  const large = (n: number): StoredMessage => message(n, 'orders', { text: 'x'.repeat(2_000) })
  const page = await withWaiting(context, app, [large(1)])
  await nudge(page)
  await expect.poll(() => endpoint.handled()).toEqual([1])
  await stopServiceWorkers(page)
  await storeMessages(page, 'ann', [large(2)])
  await nudge(page)
  await expect.poll(() => endpoint.handled()).toEqual([1, 2])
  const encodings = endpoint.requests.map(({ headers }) => headers['content-encoding'])
  expect(encodings).toEqual([undefined, 'gzip'])
  expect(Number(endpoint.requests[1]?.headers['content-length'])).toBeLessThan(1_000)
})

test('a message whose time is up is not sent', async ({ context, app }) => {
  const endpoint = outboxEndpoint(app)
  const page = await withWaiting(context, app, [{ ...message(1), expiresAt: Date.now() - 1 }, message(2)])
  await nudge(page)
  await expect.poll(() => endpoint.handled()).toEqual([2])
  await expect.poll(() => storeMessages(page, 'ann', [])).toEqual({ waiting: 0, dead: 1 })
})

import type { Page } from '@playwright/test'
import { expect, test } from '../support/e2e/fixtures.ts'
import {
  ask,
  denyBackgroundSync,
  everythingStored,
  fireBackgroundSync,
  letTimePass,
  nudge,
  openOfflinePage,
  reloadHard,
  stopServiceWorkers,
  storeMessages,
  type Got,
} from '../support/e2e/offline-page.ts'
import { joined } from '../support/e2e/tab.ts'
import type { AppServer } from '../support/servers/app-server.ts'
import { outboxEndpoint } from '../support/servers/outbox-endpoint.ts'

const post = (page: Page, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Got> =>
  ask(page, path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  })

/** What the server got, without what it got twice under one key. */
function handled(app: AppServer, path = '/api/orders'): unknown[] {
  const calls = app.requests.filter(request => request.method !== 'GET' && request.path.startsWith(path))
  return [
    ...new Map(
      calls.map(({ headers, body }) => [headers['idempotency-key'], JSON.parse(body || 'null') as unknown]),
    ).values(),
  ]
}

test('what is written without a network is answered 202, and goes out in order with its key', async ({
  context,
  app,
}) => {
  app.on('/api/orders', ({ body }) => ({ status: 201, body: { got: body } }))
  const page = await openOfflinePage(context, { app, scope: 'ann' })
  expect(await post(page, '/api/orders', 0)).toMatchObject({ status: 201, body: { got: '0' } })
  await app.cut()
  const ids: unknown[] = []
  for (const n of [1, 2, 3]) {
    const answer = await post(page, '/api/orders', n)
    expect(answer).toMatchObject({ status: 202, body: { queued: true, id: expect.any(String) as unknown } })
    expect(answer.headers['partyline-queued']).toBe((answer.body as { id: string }).id)
    ids.push((answer.body as { id: string }).id)
  }
  await app.restore()
  await nudge(page)
  await expect.poll(() => handled(app)).toEqual([0, 1, 2, 3])
  expect(app.requests.slice(-3).map(({ headers }) => headers['idempotency-key'])).toEqual(ids)
  expect(app.requests.every(({ headers }) => headers['content-type'] === 'application/json')).toBe(true)
})

test('a new write goes behind those that wait, also when the network is back', async ({ context, app }) => {
  app.on('/api/orders', () => ({ status: 201 }))
  const page = await openOfflinePage(context, { app, scope: 'ann' })
  await app.cut()
  await post(page, '/api/orders', 1)
  await stopServiceWorkers(page)
  await app.restore()
  // Whichever comes first: the start of the worker sends 1, or 2 is stored behind it.
  await post(page, '/api/orders', 2)
  await expect.poll(() => handled(app)).toEqual([1, 2])
})

test('while the server answers 503 everything of the lane waits, and other lanes go on', async ({ context, app }) => {
  let isDown = true
  app.on('/api/orders', () => (isDown ? { status: 503, headers: { 'retry-after': '1' } } : { status: 200 }))
  app.on('/api/chat', () => ({ status: 200 }))
  const page = await openOfflinePage(context, { app, scope: 'ann' })
  await app.cut()
  for (const n of [1, 2]) await post(page, '/api/orders', n)
  await post(page, '/api/chat', 'hello')
  await app.restore()
  await nudge(page)
  await expect.poll(() => handled(app, '/api/chat')).toEqual(['hello'])
  await expect.poll(() => handled(app)).toEqual([1])
  isDown = false
  await expect.poll(() => handled(app)).toEqual([1, 2])
})

test('without Background Sync what has to wait longer goes with the first request after that', async ({
  context,
  app,
}) => {
  let isDown = true
  app.on('/api/orders', ({ method }) =>
    isDown && method === 'POST' ? { status: 503, headers: { 'retry-after': '40' } } : { status: 200, body: method },
  )
  await denyBackgroundSync(context)
  const page = await openOfflinePage(context, { app, scope: 'ann' })
  await app.cut()
  await post(page, '/api/orders', 1)
  await app.restore()
  await nudge(page)
  const posts = (): number => app.requests.filter(({ method }) => method === 'POST').length
  await expect.poll(posts).toBe(1)
  isDown = false
  await ask(page, '/api/orders')
  expect(posts()).toBe(1)
  // The answer may have come to the worker before its clock was set or after that.
  await expect
    .poll(async () => {
      await letTimePass(context, 41_000)
      await ask(page, '/api/orders')
      return posts()
    })
    .toBe(2)
})

test('what the server refuses goes to the dead letters with its words, and the next goes on', async ({
  context,
  app,
  serve,
}) => {
  const server = await serve()
  let isThere = false
  app.on('/api/orders', ({ body }) =>
    body === '"bad"' && !isThere ? { status: 422, body: 'no such table' } : { status: 200, body: {} },
  )
  const page = await openOfflinePage(context, { app, scope: 'ann', server: server.url })
  await joined(page)
  await app.cut()
  await post(page, '/api/orders', 'bad')
  await post(page, '/api/orders', 'good')
  expect(await page.evaluate(async () => (await window.line.outbox.list()).map(({ body }) => body.kind))).toEqual([
    'request',
    'request',
  ])
  await app.restore()
  await nudge(page)
  await expect.poll(() => handled(app)).toEqual(['bad', 'good'])
  await expect
    .poll(() =>
      page.evaluate(async () => (await window.line.outbox.list({ state: 'dead' })).map(({ died }) => died?.error)),
    )
    .toMatchObject([{ code: 'rejected', details: { status: 422, body: 'no such table' } }])
  await expect.poll(() => page.evaluate(async () => (await window.line.outbox.counts()).waiting)).toBe(0)

  isThere = true
  await page.evaluate(async () => {
    const dead = await window.line.outbox.list({ state: 'dead' })
    await window.line.outbox.retry(...dead.map(({ key }) => key))
  })
  await expect.poll(() => page.evaluate(() => window.line.outbox.counts())).toMatchObject({ waiting: 0, dead: 0 })
  expect(app.requests.filter(({ body }) => body === '"bad"')).toHaveLength(2)
})

test('a dead letter that is sent again goes at once, also where the service worker was stopped', async ({
  context,
  app,
  serve,
}) => {
  const server = await serve()
  let isThere = false
  app.on('/api/orders', () => ({ status: isThere ? 200 : 422 }))
  await denyBackgroundSync(context)
  const page = await openOfflinePage(context, { app, scope: 'ann', server: server.url })
  await joined(page)
  await app.cut()
  await post(page, '/api/orders', 1)
  await app.restore()
  await nudge(page)
  await expect.poll(() => page.evaluate(async () => (await window.line.outbox.counts()).dead)).toBe(1)
  await stopServiceWorkers(page)
  isThere = true
  await page.evaluate(async () => {
    const dead = await window.line.outbox.list({ state: 'dead' })
    await window.line.outbox.retry(...dead.map(({ key }) => key))
  })
  await expect.poll(() => page.evaluate(() => window.line.outbox.counts())).toMatchObject({ waiting: 0, dead: 0 })
  expect(app.requests).toHaveLength(2)
})

test('the app’s own key is kept, and a request under it is stored once', async ({ context, app }) => {
  app.on('/api/orders', () => ({ status: 200 }))
  const page = await openOfflinePage(context, { app, scope: 'ann' })
  await app.cut()
  for (const _ of [1, 2])
    expect(await post(page, '/api/orders', 1, { 'Idempotency-Key': 'own-key' })).toMatchObject({
      status: 202,
      body: { id: 'own-key' },
    })
  await app.restore()
  await nudge(page)
  await expect.poll(() => app.requests.map(({ headers }) => headers['idempotency-key'])).toEqual(['own-key'])
})

test('what lets somebody in lies on the disk only where the route says so', async ({ context, app }) => {
  app.on('/api/', () => ({ status: 200 }))
  const page = await openOfflinePage(context, { app, scope: 'ann' })
  await app.cut()
  await post(page, '/api/orders', 1, { Authorization: 'Bearer secret-of-orders' })
  expect(await everythingStored(page)).not.toContain('secret-of-orders')
  await post(page, '/api/chat', 1, { Authorization: 'Bearer secret-of-chat' })
  await app.restore()
  await nudge(page)
  await expect.poll(() => app.requests.length).toBe(2)
  const authorization = (path: string): unknown =>
    app.requests.find(request => request.path === path)?.headers['authorization']
  expect(authorization('/api/orders')).toBeUndefined()
  expect(authorization('/api/chat')).toBe('Bearer secret-of-chat')
})

test('what cannot be stored is never lost in silence', async ({ context, app }) => {
  const page = await openOfflinePage(context, { app, scope: 'ann' })
  const nobody = await openOfflinePage(context, { app })
  await app.cut()
  expect(await post(nobody, '/api/orders', 1)).toMatchObject({ status: 0 })
  expect(await post(page, '/api/orders', 'x'.repeat(1_100_000))).toMatchObject({
    status: 503,
    body: { queued: false, error: { code: 'message-too-large' } },
  })
  // A route that does not queue fails as it always does.
  expect(await post(page, '/api/private', 1)).toMatchObject({ status: 0 })
})

test('one user’s writes go out as they were written, whoever is there now, and die with forget', async ({
  context,
  app,
  serve,
}) => {
  const server = await serve()
  app.on('/api/orders', () => ({ status: 200 }))
  const options = { app, server: server.url }
  const ann = await openOfflinePage(context, { ...options, scope: 'ann-who-leaves' })
  const ben = await openOfflinePage(context, { ...options, scope: 'ben' })
  await joined(ann)
  await joined(ben)
  await app.cut()
  await post(ann, '/api/orders', 'of ann')
  await post(ben, '/api/orders', 'of ben')
  expect(await ben.evaluate(async () => (await window.line.outbox.list()).length)).toBe(1)
  await ann.evaluate(() => window.line.forget())
  await expect.poll(() => everythingStored(ben)).not.toContain('ann-who-leaves')
  await app.restore()
  await nudge(ben)
  await expect.poll(() => handled(app)).toEqual(['of ben'])
  expect(await everythingStored(ben)).not.toContain('ann-who-leaves')
})

/** Ann's page writes and closes; what the service worker began while it was there goes with it. */
async function leaveBehind(app: AppServer, ann: Page, ben: Page): Promise<void> {
  await app.cut()
  await post(ann, '/api/orders', 'of ann')
  await ann.close()
  await stopServiceWorkers(ben)
  await app.restore()
}

test('one user’s writes wait while only another is there, and go out when their user is back', async ({
  context,
  app,
}) => {
  app.on('/api/', () => ({ status: 200 }))
  const ann = await openOfflinePage(context, { app, scope: 'ann' })
  // There all the time, so that Background Sync finds nobody alone.
  const ben = await openOfflinePage(context, { app, scope: 'ben' })
  await leaveBehind(app, ann, ben)
  await nudge(ben)
  await post(ben, '/api/orders', 'of ben')
  await expect.poll(() => handled(app)).toEqual(['of ben'])
  await openOfflinePage(context, { app, scope: 'ann' })
  await expect.poll(() => handled(app)).toEqual(['of ben', 'of ann'])
  expect(app.requests.at(-1)?.headers['partyline-scope']).toBe('ann')
})

test('a page that was reloaded past the service worker counts as its user’s, too', async ({ context, app }) => {
  app.on('/api/', () => ({ status: 200 }))
  const endpoint = outboxEndpoint(app)
  const ann = await openOfflinePage(context, { app, scope: 'ann' })
  const ben = await openOfflinePage(context, { app, scope: 'ben' })
  await leaveBehind(app, ann, ben)
  await reloadHard(ben)
  // Messages go whoever is there: where they have arrived the outbox was looked through.
  for (const n of [1, 2]) {
    await storeMessages(ben, 'ann', [{ lane: 'orders', payload: { n } }])
    await fireBackgroundSync(ben)
    await expect.poll(() => endpoint.handled()).toContain(n)
  }
  expect(handled(app)).toEqual([])
  await openOfflinePage(context, { app, scope: 'ann' })
  await expect.poll(() => handled(app)).toEqual(['of ann'])
})

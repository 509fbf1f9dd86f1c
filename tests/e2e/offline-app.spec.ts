import type { PartylineError } from '../../src/protocol/index.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { ask, controlled, offlinePageUrl, openOfflinePage } from '../support/e2e/offline-page.ts'

test('a full reload offline works, shows cached data, queues writes; online again they go out in order', async ({
  context,
  app,
}) => {
  app.on('/api/orders', ({ method }) => (method === 'GET' ? { body: [{ id: 1 }] } : { status: 201 }))
  const page = await openOfflinePage(context, { app, scope: 'ann' })
  // The first visit was over before the service worker was there.
  await page.reload()
  await controlled(page)
  await ask(page, '/api/orders')
  await app.cut()
  await page.reload()
  await controlled(page)
  expect(await page.title()).toBe('Partyline test page that works offline')
  expect(await ask(page, '/api/orders')).toMatchObject({ status: 200, body: [{ id: 1 }] })

  for (const body of ['one', 'two', 'three'])
    expect(await ask(page, '/api/orders', { method: 'POST', body })).toMatchObject({ status: 202 })
  await page.reload()
  await controlled(page)
  await ask(page, '/api/orders/1', { method: 'DELETE' })
  await app.restore()
  await page.evaluate(() => dispatchEvent(new Event('online')))
  await expect
    .poll(() => app.requests.filter(({ method }) => method !== 'GET').map(({ method, body }) => `${method} ${body}`))
    .toEqual(['POST one', 'POST two', 'POST three', 'DELETE '])
})

test('a page that was never read shows the offline page', async ({ context, app }) => {
  const page = await openOfflinePage(context, { app })
  await app.cut()
  for (const path of ['/offline/never', '/elsewhere']) {
    await page.goto(app.url + path)
    expect(await page.title()).toBe('Offline')
  }
})

test('an offline page to which the server sends on is shown, too', async ({ context, app }) => {
  app.on('/offline/nothing.html', () => ({ status: 302, headers: { location: '/moved.html' } }))
  app.on('/moved.html', () => ({ body: '<title>Moved</title>', headers: { 'content-type': 'text/html' } }))
  const page = await openOfflinePage(context, { app })
  await app.cut()
  await page.goto(`${app.url}/elsewhere`)
  expect(await page.title()).toBe('Moved')
})

test.describe('a newer version', () => {
  test('is found, waits, and takes over when the app says so; no page reloads by itself', async ({ context, app }) => {
    const page = await openOfflinePage(context, { app, scope: 'ann' })
    const other = await openOfflinePage(context, { app, scope: 'ann' })
    expect(await page.evaluate(async () => (await window.controlled).state)).toBe('controlling')
    app.deploy()
    await page.evaluate(async () => (await window.controlled).checkForUpdate())
    await expect
      .poll(() => page.evaluate(() => window.heard))
      .toEqual(['controlling: controlling', 'update: updating', 'waiting: waiting'])
    expect(await other.evaluate(async () => (await window.controlled).state)).toBe('waiting')
    await page.evaluate(async () => (await window.controlled).applyUpdate())
    for (const tab of [page, other]) {
      await expect.poll(() => tab.evaluate(() => window.heard.at(-1))).toBe('controlling: controlling')
      expect(await tab.evaluate(async () => (await window.controlled).state)).toBe('controlling')
      expect(await tab.evaluate(() => window.loads)).toBe(1)
    }
  })

  test('reloads the page that asks for it, and no other', async ({ context, app }) => {
    const page = await openOfflinePage(context, { app, scope: 'ann' })
    const other = await openOfflinePage(context, { app, scope: 'ann' })
    app.deploy()
    await page.evaluate(async () => (await window.controlled).checkForUpdate())
    await expect.poll(() => page.evaluate(async () => (await window.controlled).state)).toBe('waiting')
    await page.evaluate(() => void window.controlled.then(worker => worker.applyUpdate({ reload: true })))
    await expect.poll(() => page.evaluate(() => window.loads).catch(() => 0)).toBe(2)
    expect(await other.evaluate(() => window.loads)).toBe(1)
  })

  test('is noticed each time, however long the page stays', async ({ context, app }) => {
    const page = await openOfflinePage(context, { app })
    for (const round of [1, 2, 3]) {
      app.deploy()
      await page.evaluate(async () => (await window.controlled).checkForUpdate())
      await expect
        .poll(() => page.evaluate(() => window.heard.filter(what => what.startsWith('waiting')).length))
        .toBe(round)
      await page.evaluate(async () => (await window.controlled).applyUpdate())
    }
  })

  test('leaves what was kept', async ({ context, app }) => {
    app.on('/api/orders', () => ({ body: 1 }))
    const page = await openOfflinePage(context, { app, scope: 'ann' })
    await ask(page, '/api/orders')
    app.deploy()
    await page.evaluate(async () => (await window.controlled).checkForUpdate())
    await expect.poll(() => page.evaluate(async () => (await window.controlled).state)).toBe('waiting')
    await page.evaluate(async () => (await window.controlled).applyUpdate())
    await app.cut()
    expect(await ask(page, '/api/orders')).toMatchObject({ body: 1 })
  })
})

test('where there are no service workers the error says so, and the page goes on', async ({ context, app }) => {
  await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker'))
  const page = await context.newPage()
  await page.goto(offlinePageUrl({ app, scope: 'ann' }))
  const error = await page.evaluate(() =>
    window.controlled.then(
      () => undefined,
      ({ code, message }: { code: string; message: string }) => ({ code, message }),
    ),
  )
  expect(error).toEqual({ code: 'service-worker-failed', message: expect.stringContaining('secure context') })
})

test('a script that is not there is an error that names it', async ({ context, app }) => {
  const page = await openOfflinePage(context, { app })
  const error = await page.evaluate(() =>
    window.registerServiceWorker('/no.js').then(
      () => undefined,
      ({ code, message, retryable }: PartylineError) => ({ code, message, retryable }),
    ),
  )
  expect(error).toEqual({
    code: 'service-worker-failed',
    message: expect.stringContaining('/no.js') as unknown,
    retryable: true,
  })
})

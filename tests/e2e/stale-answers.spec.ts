import { expect, test } from '../support/e2e/fixtures.ts'
import { ask, openOfflinePage, stopServiceWorkers } from '../support/e2e/offline-page.ts'
import { joined } from '../support/e2e/tab.ts'

test('an event makes answers stale, also while the service worker is stopped', async ({ context, app, serve }) => {
  const server = await serve()
  let n = 0
  app.on('/api/orders', () => ({ body: ++n }))
  const page = await openOfflinePage(context, { app, scope: 'ann', server: server.url })
  await joined(page)
  const atStart = await ask(page, '/api/orders')
  expect(atStart).toMatchObject({ body: 1 })
  await app.cut()
  await expect.poll(() => ask(page, '/api/orders')).toMatchObject({ status: 200 })
  expect((await ask(page, '/api/orders')).headers['partyline-stale']).toBeUndefined()

  await stopServiceWorkers(page)
  server.tick('orders')
  await expect.poll(async () => (await ask(page, '/api/orders')).headers['partyline-stale']).toBe('1')
  expect(await ask(page, '/api/orders')).toMatchObject({ status: 200, body: 1 })

  await app.restore()
  await expect.poll(async () => (await ask(page, '/api/orders')).body).toBe(2)
  await app.cut()
  await expect.poll(async () => (await ask(page, '/api/orders')).headers['partyline-stale']).toBeUndefined()
  expect(await ask(page, '/api/orders')).toMatchObject({ status: 200, body: 2 })
})

test('a slow server is waited for when what is kept is stale', async ({ context, app, serve }) => {
  const server = await serve()
  let n = 0
  app.on('/api/orders', () => ({ body: ++n, delayMs: n === 1 ? 0 : 900 }))
  const page = await openOfflinePage(context, { app, scope: 'ann', server: server.url })
  await joined(page)
  await ask(page, '/api/orders')
  server.tick('orders')
  await expect.poll(() => page.evaluate(() => staleStamps())).toBe(1)
  expect(await ask(page, '/api/orders')).toMatchObject({ body: 2 })
})

test('a cache-first answer is asked for anew after its event, and kept again', async ({ context, app, serve }) => {
  const server = await serve()
  let n = 0
  app.on('/api/menu', () => ({ body: ++n }))
  const page = await openOfflinePage(context, { app, scope: 'ann', server: server.url, channels: 'orders,menu' })
  await joined(page)
  await expect.poll(() => page.evaluate(() => window.line.channel('menu').state)).toBe('joined')
  expect(await ask(page, '/api/menu')).toMatchObject({ body: 1 })
  await expect.poll(() => page.evaluate(async () => (await caches.match('/api/menu')) !== undefined)).toBe(true)
  expect(await ask(page, '/api/menu')).toMatchObject({ body: 1 })
  server.tick('menu')
  await expect.poll(async () => (await ask(page, '/api/menu')).body).toBe(2)
  expect(await ask(page, '/api/menu')).toMatchObject({ body: 2 })
})

test('after a line that was cut everything of its channels is stale', async ({ context, app, serve }) => {
  const server = await serve()
  app.on('/api/menu', () => ({ body: 'menu' }))
  const page = await openOfflinePage(context, { app, scope: 'ann', server: server.url, channels: 'orders,menu' })
  await joined(page)
  await ask(page, '/api/menu')
  await ask(page, '/api/menu')
  const before = app.requests.length
  await server.close()
  const again = await serve({ port: server.port })
  await expect.poll(() => again.joins).toContain('menu')
  await expect
    .poll(async () => {
      await ask(page, '/api/menu')
      return app.requests.length
    })
    .toBeGreaterThan(before)
})

test('line.stats() tells how requests were answered, for each scope by itself', async ({ context, app, serve }) => {
  const server = await serve()
  let delayMs = 0
  app.on('/api/orders', () => ({ body: [], delayMs }))
  const options = { app, server: server.url }
  const ann = await openOfflinePage(context, { ...options, scope: 'ann' })
  const ben = await openOfflinePage(context, { ...options, scope: 'ben' })
  await joined(ann)
  await joined(ben)
  const counts = (page: typeof ann) => page.evaluate(async () => (await window.line.stats()).cache)
  await ask(ann, '/api/orders')
  await ask(ann, '/api/orders')
  delayMs = 700
  await ask(ann, '/api/orders')
  await app.cut()
  await ask(ann, '/api/orders')
  await ask(ann, '/api/orders/1')
  server.tick('orders')
  await expect.poll(async () => (await ask(ann, '/api/orders')).headers['partyline-stale']).toBe('1')
  await expect.poll(() => counts(ann)).toMatchObject({ network: 2, misses: 1, timeouts: 1 })
  const of = await counts(ann)
  expect(of?.hits).toBeGreaterThanOrEqual(2)
  expect(of?.stale).toBeGreaterThanOrEqual(1)
  expect(await counts(ben)).toEqual({ network: 0, hits: 0, misses: 0, stale: 0, timeouts: 0 })
})

/** In the page: how many routes have been marked. */
declare function staleStamps(): Promise<number>

test.beforeEach(async ({ context }) => {
  await context.addInitScript(() => {
    Object.assign(window, {
      async staleStamps() {
        const db = await new Promise<IDBDatabase>(resolve => {
          const request = indexedDB.open('partyline-notes')
          request.addEventListener('success', () => resolve(request.result))
        })
        const request = db.transaction('notes').objectStore('notes').getAllKeys()
        await new Promise(resolve => request.addEventListener('success', resolve))
        db.close()
        return request.result.filter(key => (key as string[])[0] === 'stale').length
      },
    })
  })
})

import { expect, test } from '../support/e2e/fixtures.ts'
import { ask, everythingStored, openOfflinePage, stopServiceWorkers } from '../support/e2e/offline-page.ts'
import { joined } from '../support/e2e/tab.ts'

for (const isStopped of [false, true])
  test(`after forget() nothing of the scope is stored, with the service worker ${isStopped ? 'stopped' : 'awake'}`, async ({
    context,
    app,
    serve,
  }) => {
    const server = await serve()
    app.on('/api/orders', ({ path }) => ({ body: path }))
    const options = { app, server: server.url }
    const ann = await openOfflinePage(context, { ...options, scope: 'ann-who-leaves' })
    const ben = await openOfflinePage(context, { ...options, scope: 'ben' })
    for (const page of [ann, ben]) {
      await joined(page)
      await ask(page, '/api/orders?secret-of-ann')
    }
    server.tick('orders')
    await expect.poll(() => everythingStored(ben)).toContain('partyline:ann-who-leaves')
    if (isStopped) await stopServiceWorkers(ann)
    await ann.evaluate(() => window.line.forget())
    // Caches are gone by then; what only the service worker can delete goes when it runs.
    expect(await ben.evaluate(() => caches.keys())).not.toContainEqual(expect.stringContaining('ann-who-leaves'))
    if (isStopped) await ask(ben, '/api/orders')
    await expect.poll(() => everythingStored(ben)).not.toContain('ann-who-leaves')
    expect(await everythingStored(ben)).toContain('partyline:ben')
    await app.cut()
    expect(await ask(ann, '/api/orders?secret-of-ann')).toMatchObject({ status: 0 })
    expect(await ask(ben, '/api/orders?secret-of-ann')).toMatchObject({ status: 200 })
  })

test('what is being answered when the user signs out is not kept', async ({ context, app, serve }) => {
  const server = await serve()
  app.on('/api/orders', ({ path }) => ({ body: path, delayMs: path.includes('slow') ? 800 : 0 }))
  const options = { app, server: server.url }
  const ann = await openOfflinePage(context, { ...options, scope: 'ann-who-leaves' })
  const ben = await openOfflinePage(context, { ...options, scope: 'ben' })
  await joined(ann)
  await ask(ann, '/api/orders')
  const slow = ask(ann, '/api/orders/slow')
  await expect.poll(() => app.requests.at(-1)?.path).toBe('/api/orders/slow')
  await ann.evaluate(() => window.line.forget())
  expect(await slow).toMatchObject({ status: 200 })
  await expect.poll(() => everythingStored(ben)).not.toContain('ann-who-leaves')
})

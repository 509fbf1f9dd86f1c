import { expect, test } from '../support/e2e/fixtures.ts'
import { ask, cachesOf, openOfflinePage } from '../support/e2e/offline-page.ts'

const NETWORK_GONE = { status: 0 }

test.describe('what is kept', () => {
  test('a route of the user answers from the cache when the server is gone, and never carries a cookie', async ({
    context,
    app,
  }) => {
    app.on('/api/orders', () => ({ body: [{ id: 1 }], headers: { 'set-cookie': 'seen=1; Path=/' } }))
    const page = await openOfflinePage(context, { app, scope: 'ann' })
    expect(await ask(page, '/api/orders')).toMatchObject({ status: 200, body: [{ id: 1 }] })
    await app.cut()
    await expect.poll(() => ask(page, '/api/orders')).toMatchObject({ status: 200 })
    const kept = await ask(page, '/api/orders')
    expect(kept).toMatchObject({ status: 200, body: [{ id: 1 }] })
    expect(Object.keys(kept.headers)).not.toContain('set-cookie')
    expect(Number(kept.headers['partyline-fetched-at'])).toBeGreaterThan(Date.now() - 60_000)
    expect(kept.headers['partyline-stale']).toBeUndefined()
  })

  test('nothing is kept that is not safe to keep', async ({ context, app }) => {
    const unsafe: Record<string, Record<string, string>> = {
      'no-store': { 'cache-control': 'no-store' },
      'vary-all': { vary: '*' },
      stream: { 'content-type': 'text/event-stream' },
      lines: { 'content-type': 'application/x-ndjson' },
    }
    for (const [name, headers] of Object.entries(unsafe)) app.on(`/api/private/${name}`, () => ({ headers, body: 'x' }))
    app.on('/api/private/missing', () => ({ status: 404, body: {} }))
    app.on('/api/private/part', () => ({ status: 206, body: 'x', headers: { 'content-range': 'bytes 0-0/9' } }))
    app.on('/api/default', () => ({ body: 'perhaps of one user' }))
    app.on('/api/of-one', () => ({ body: 'x', headers: { 'cache-control': 'private' } }))
    const page = await openOfflinePage(context, { app, scope: 'ann' })
    const paths = [
      ...[...Object.keys(unsafe), 'missing', 'part'].map(name => `/api/private/${name}`),
      '/api/default',
      '/api/of-one',
    ]
    for (const path of paths) expect({ path, ...(await ask(page, path)) }).not.toMatchObject(NETWORK_GONE)
    const authorized = { headers: { authorization: 'Bearer x' } }
    app.on('/api/authorized', () => ({ body: 'x', headers: { 'cache-control': 'public' } }))
    await ask(page, '/api/authorized', authorized)
    await app.cut()
    for (const path of paths) expect({ path, ...(await ask(page, path)) }).toMatchObject(NETWORK_GONE)
    expect(await ask(page, '/api/authorized', authorized)).toMatchObject(NETWORK_GONE)
  })

  test('what the server calls public is kept for everybody, also for pages without a line', async ({
    context,
    app,
  }) => {
    app.on('/api/news', () => ({ body: 'news', headers: { 'cache-control': 'public' } }))
    app.on('/api/open', () => ({ body: 'open' }))
    const page = await openOfflinePage(context, { app })
    await ask(page, '/api/news')
    await ask(page, '/api/open', { credentials: 'omit' })
    await app.cut()
    await expect.poll(() => ask(page, '/api/news')).toMatchObject({ body: 'news' })
    await expect.poll(() => ask(page, '/api/open', { credentials: 'omit' })).toMatchObject({ body: 'open' })
  })

  test('a slow server is waited for only so long when there is something to give', async ({ context, app }) => {
    let n = 0
    app.on('/api/orders', () => ({ body: ++n, delayMs: n === 1 ? 0 : 900 }))
    const page = await openOfflinePage(context, { app, scope: 'ann' })
    expect(await ask(page, '/api/orders')).toMatchObject({ body: 1 })
    expect(await ask(page, '/api/orders')).toMatchObject({ body: 1 })
    // The late answer was kept.
    await expect.poll(async () => (await ask(page, '/api/orders')).body).toBe(2)
    const first = await ask(page, '/api/orders?never-asked-before')
    expect(first.status).toBe(200)
  })

  test('what is too old is not given, and of too many the oldest go', async ({ context, app }) => {
    app.on('/api/brief', ({ path }) => ({ body: path }))
    const page = await openOfflinePage(context, { app, scope: 'ann' })
    for (const n of [1, 2, 3]) await ask(page, `/api/brief/${n}`)
    const kept = (): Promise<string[]> =>
      page.evaluate(async () => {
        const cache = await caches.open('partyline:ann:brief')
        return (await cache.keys()).map(({ url }) => new URL(url).pathname)
      })
    await expect.poll(kept).toEqual(['/api/brief/2', '/api/brief/3'])
    await app.cut()
    await expect.poll(() => ask(page, '/api/brief/3')).toMatchObject(NETWORK_GONE)
    // It is looked for what is old whenever something is looked up.
    await expect
      .poll(async () => {
        await ask(page, '/api/brief/3')
        return kept()
      })
      .toEqual([])
  })

  test('how old an answer is its request tells, not the server’s date', async ({ context, app }) => {
    const date = new Date(Date.now() - 3 * 86_400_000).toUTCString()
    app.on('/api/orders', () => ({ body: 1, headers: { date } }))
    const page = await openOfflinePage(context, { app, scope: 'ann' })
    await ask(page, '/api/orders')
    await app.cut()
    expect(await ask(page, '/api/orders')).toMatchObject({ status: 200, body: 1, headers: { date } })
  })

  test('a file is asked for once', async ({ context, app }) => {
    app.on('/picture.svg', () => ({ body: '<svg/>', headers: { 'content-type': 'image/svg+xml' } }))
    const page = await openOfflinePage(context, { app })
    await ask(page, '/picture.svg')
    await app.cut()
    await expect.poll(() => ask(page, '/picture.svg')).toMatchObject({ status: 200, body: '<svg/>' })
    expect(app.requests.filter(({ path }) => path === '/picture.svg')).toHaveLength(1)
  })
})

test.describe('between two users of one browser', () => {
  test('what one has read the other never gets, nor does a page without a line', async ({ context, app }) => {
    app.on('/api/orders', ({ headers }) => ({ body: `of ${headers['x-user']}` }))
    const ann = await openOfflinePage(context, { app, scope: 'ann' })
    const ben = await openOfflinePage(context, { app, scope: 'ben' })
    const nobody = await openOfflinePage(context, { app })
    const as = (user: string): RequestInit => ({ headers: { 'x-user': user } })
    expect(await ask(ann, '/api/orders', as('ann'))).toMatchObject({ body: 'of ann' })
    expect(await ask(nobody, '/api/orders', as('nobody'))).toMatchObject({ body: 'of nobody' })
    await app.cut()
    expect(await ask(ann, '/api/orders', as('ann'))).toMatchObject({ body: 'of ann' })
    expect(await ask(ben, '/api/orders', as('ben'))).toMatchObject(NETWORK_GONE)
    expect(await ask(nobody, '/api/orders', as('nobody'))).toMatchObject(NETWORK_GONE)
    expect(await cachesOf(ben, 'ben')).toEqual([])
  })

  test('a page that changes hands asks and gets as its new user', async ({ context, app }) => {
    app.on('/api/orders', () => ({ body: 'of ann' }))
    const page = await openOfflinePage(context, { app, scope: 'ann' })
    await ask(page, '/api/orders')
    await page.evaluate(async () => (await window.controlled).use('ben'))
    await app.cut()
    expect(await ask(page, '/api/orders')).toMatchObject(NETWORK_GONE)
    await page.evaluate(async () => (await window.controlled).use('ann'))
    expect(await ask(page, '/api/orders')).toMatchObject({ body: 'of ann' })
    await page.evaluate(async () => (await window.controlled).use(undefined))
    expect(await ask(page, '/api/orders')).toMatchObject(NETWORK_GONE)
  })
})

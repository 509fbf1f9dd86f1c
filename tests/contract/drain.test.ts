import 'fake-indexeddb/auto'
import { expect, onTestFinished, test, vi } from 'vitest'
import { openNotes, openOutbox, scopesWithOutbox, type NewEntry, type Outbox } from '../../src/outbox/index.ts'
import { Drain } from '../../src/sw/drain/drain.ts'
import { Endpoint } from '../../src/sw/drain/endpoint.ts'
import { waitFor } from '../support/line/wait-for.ts'
import { startAppServer, type AppServer } from '../support/servers/app-server.ts'
import { outboxEndpoint, type Posted } from '../support/servers/outbox-endpoint.ts'

let scopes = 0
let drains = 0

/** Nothing is expected to go wrong: the run fails by what is thrown here. */
function reportError(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}

async function startApp(): Promise<AppServer> {
  const app = await startAppServer('nowhere')
  onTestFinished(() => app.close())
  return app
}

async function outboxOf(): Promise<{ scope: string; box: Outbox }> {
  const scope = `scope-${++scopes}`
  const box = await openOutbox({ scope, reportError })
  onTestFinished(() => box.close())
  return { scope, box }
}

/** As each version of a service worker has one. */
function drainOf(app: AppServer, scope: string, changed = (): void => {}): Drain {
  return new Drain({
    endpoint: new Endpoint({
      options: { endpoint: `${app.url}/outbox`, headers: {}, credentials: 'same-origin', batchSize: 4 },
      notes: openNotes(),
      reportError,
    }),
    holder: `drain-${++drains}`,
    scopes: async () => (await scopesWithOutbox())?.filter(found => found === scope) ?? [],
    mayCall: () => Promise.resolve(true),
    opening() {},
    changed,
    wakeLater() {},
    reportError,
  })
}

function message(n: number, lane: string): NewEntry {
  return {
    key: `${lane}-${n}`,
    lane,
    body: { kind: 'message', channel: lane, event: 'add', payload: { n } },
    bytes: 8,
    createdAt: Date.now(),
  }
}

function request(app: AppServer, n: number, lane = 'orders'): NewEntry {
  const body = new TextEncoder().encode(String(n)).buffer
  return {
    key: `${lane}-${n}`,
    lane,
    body: {
      kind: 'request',
      url: `${app.url}/api/${lane}`,
      method: 'POST',
      headers: [],
      credentials: 'same-origin',
      body,
    },
    bytes: 8,
    createdAt: Date.now(),
  }
}

test('two versions of the service worker never send the same, and each lane stays in order', async () => {
  const app = await startApp()
  const endpoint = outboxEndpoint(app)
  app.on('/api/', () => ({ status: 200, delayMs: 5 }))
  const { scope, box } = await outboxOf()
  const lanes = ['a', 'b', 'c']
  for (let n = 1; n <= 8; n++)
    for (const lane of lanes) {
      await box.add(message(n, lane))
      await box.add(request(app, n, `${lane}-calls`))
    }
  const versions = [drainOf(app, scope), drainOf(app, scope)]
  expect(await Promise.all(versions.map(version => version.run()))).toEqual([false, false])

  const keys = endpoint.batches.flatMap(({ messages }) => messages.map(({ key }) => key))
  expect(keys).toHaveLength(24)
  for (const lane of lanes) {
    const expected = Array.from({ length: 8 }, (_, index) => `${lane}-${index + 1}`)
    expect(keys.filter(key => key.startsWith(`${lane}-`))).toEqual(expected)
    const calls = app.requests.filter(({ path }) => path === `/api/${lane}-calls`)
    expect(calls.map(({ body }) => Number(body))).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  }
  expect(await box.refresh()).toMatchObject({ waiting: 0, dead: 0 })
})

test('an entry leaves only after the server’s answer', async () => {
  const app = await startApp()
  app.on('/api/', () => ({ status: 200, delayMs: 200 }))
  const { scope, box } = await outboxOf()
  await box.add(request(app, 1))
  const running = drainOf(app, scope).run()
  await waitFor(() => app.requests.length === 1, 'the request')
  expect(await box.refresh()).toMatchObject({ waiting: 1 })
  expect(await running).toBe(false)
  expect(await box.refresh()).toMatchObject({ waiting: 0 })
})

test('while a broker has the right to send messages, only requests go', async () => {
  const app = await startApp()
  const endpoint = outboxEndpoint(app)
  app.on('/api/', () => ({ status: 200 }))
  const { scope, box } = await outboxOf()
  await box.add(message(1, 'a'))
  await box.add(request(app, 1))
  await box.lease('message', 'a broker')
  const running = drainOf(app, scope).run()
  await waitFor(() => app.requests.length === 1, 'the request')
  expect(endpoint.batches).toEqual([])
  await box.release('message', 'a broker')
  expect(await running).toBe(false)
  expect(endpoint.handled()).toEqual([1])
})

test('a broker that comes while messages are sent has them soon, and they go on when it is gone', async () => {
  const app = await startApp()
  const endpoint = outboxEndpoint(app)
  const { scope, box } = await outboxOf()
  const numbers = Array.from({ length: 20 }, (_, index) => index + 1)
  for (const n of numbers) await box.add(message(n, 'a'))
  endpoint.outcome = ({ payload }) => {
    if (payload.n === 5) void box.attend()
    return 'acknowledged'
  }
  const running = drainOf(app, scope).run()
  await waitFor(() => endpoint.handled().length === 8, 'two batches')
  await waitFor(async () => (await box.lease('message', 'a broker')) !== undefined, 'the right to send')
  expect(endpoint.handled()).toEqual(numbers.slice(0, 8))
  await box.release('message', 'a broker')
  expect(await running).toBe(false)
  expect(endpoint.handled()).toEqual(numbers)
})

test('what failed is sent again by itself, and all of a lane waits for it', async () => {
  const app = await startApp()
  let failures = 2
  app.on('/api/', () => (failures-- > 0 ? { status: 500, headers: { 'retry-after': '0' } } : { status: 200 }))
  const { scope, box } = await outboxOf()
  for (const n of [1, 2]) await box.add(request(app, n))
  expect(await drainOf(app, scope).run()).toBe(false)
  expect(app.requests.map(({ body }) => body)).toEqual(['1', '1', '1', '2'])
  expect(new Set(app.requests.slice(0, 3).map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
})

test('a message that is too large for the endpoint even alone is refused, and all lanes go on', async () => {
  const app = await startApp()
  const { scope, box } = await outboxOf()
  for (const n of [1, 2, 3]) await box.add(message(n, 'a'))
  for (const n of [4, 5]) await box.add(message(n, 'b'))
  const taken = new Set<number>()
  app.on('/outbox', ({ body }) => {
    const { messages } = JSON.parse(body) as Posted
    if (messages.some(({ payload }) => payload.n === 2)) return { status: 413 }
    for (const { payload } of messages) taken.add(payload.n)
    return { body: { results: messages.map(({ key }) => ({ key, outcome: 'acknowledged' })) } }
  })
  expect(await drainOf(app, scope).run()).toBe(false)
  expect([...taken]).toEqual([1, 3, 4, 5])
  expect(await box.list('dead', 10)).toMatchObject([
    {
      key: 'a-2',
      died: {
        why: 'rejected',
        error: { message: expect.stringContaining('413') as unknown, details: { status: 413 } },
      },
    },
  ])
})

test('without a network everything stays, and goes when somebody says that it is back', async () => {
  const app = await startApp()
  app.on('/api/', () => ({ status: 200 }))
  const { scope, box } = await outboxOf()
  await box.add(request(app, 1))
  await app.cut()
  const drain = drainOf(app, scope)
  const running = drain.run()
  await expect.poll(async () => (await box.head('request', 'orders', 1))[0]?.attempts).toBeGreaterThan(0)
  await app.restore()
  await drain.networkWorked()
  expect(await running).toBe(false)
  expect(app.requests).toHaveLength(1)
})

test('what is to wait longer than one run goes as soon as it may when the worker is awake then', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  const app = await startApp()
  let isDown = true
  app.on('/api/', () => (isDown ? { status: 503, headers: { 'retry-after': '40' } } : { status: 200 }))
  const { scope, box } = await outboxOf()
  await box.add(request(app, 1))
  const drain = drainOf(app, scope)
  expect(await drain.run()).toBe(true)
  isDown = false
  vi.setSystemTime(Date.now() + 39_000)
  await drain.runIfDue()
  expect(app.requests).toHaveLength(1)
  vi.setSystemTime(Date.now() + 2_000)
  await drain.runIfDue()
  expect(app.requests).toHaveLength(2)
  expect(await box.refresh()).toMatchObject({ waiting: 0, dead: 0 })
})

test('a scope that is forgotten while it is drained leaves nothing, and is not made anew', async () => {
  const app = await startApp()
  app.on('/api/', () => ({ status: 200, delayMs: 300 }))
  const { scope, box } = await outboxOf()
  for (const n of [1, 2, 3]) await box.add(request(app, n))
  const drain = drainOf(app, scope)
  const running = drain.run()
  await waitFor(() => app.requests.length === 1, 'the first request')
  drain.forget(scope)
  await box.wipe()
  expect(await running).toBe(false)
  expect(await scopesWithOutbox()).not.toContain(scope)
  expect(app.requests).toHaveLength(1)
})

test('what is added while it is drained goes, too, and others hear that something has changed', async () => {
  const app = await startApp()
  app.on('/api/', () => ({ status: 200, delayMs: 50 }))
  const { scope, box } = await outboxOf()
  let changes = 0
  const drain = drainOf(app, scope, () => changes++)
  await box.add(request(app, 1))
  const running = drain.run()
  await waitFor(() => app.requests.length === 1, 'the first request')
  await box.add(request(app, 2, 'chat'))
  expect(await Promise.all([running, drain.run()])).toEqual([false, false])
  expect(app.requests).toHaveLength(2)
  expect(changes).toBeGreaterThan(0)
})

test('keeps as many dead letters as the app’s broker does', async () => {
  const app = await startApp()
  app.on('/api/', () => ({ status: 422 }))
  const scope = `scope-${++scopes}`
  const box = await openOutbox({ scope, reportError, maxDeadLetters: 2 })
  onTestFinished(() => box.close())
  for (const n of [1, 2, 3]) await box.add(request(app, n))
  expect(await drainOf(app, scope).run()).toBe(false)
  expect((await box.list('dead', 10)).map(({ key }) => key)).toEqual(['orders-2', 'orders-3'])
})

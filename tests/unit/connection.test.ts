import { expect, test } from 'vitest'
import { deferred } from '../../src/lib/index.ts'
import type { Credentials, LineStatus } from '../../src/protocol/index.ts'
import { resolveOptions } from '../../src/worker/index.ts'
import { Connection, type CredentialsForAttempt } from '../../src/worker/upstream/connection.ts'
import { UpstreamError } from '../../src/worker/upstream/transport.ts'
import { fakeClockHost, reactions } from '../support/line/fake-clock-host.ts'
import { testTransport } from '../support/line/test-transport.ts'

const CONNECT_TIMEOUT_MS = 20_000

/** A connection over a test transport, with the statuses that the tabs would hear. */
function setUp(credentials?: (fresh: boolean) => Promise<CredentialsForAttempt>, host = fakeClockHost()) {
  const transport = testTransport()
  const statuses: LineStatus[] = []
  const link = transport.create({
    event() {},
    continuity() {},
    channelLost() {},
    lost: error => connection.lost(error),
    presence() {},
    degraded() {},
    malformed() {},
    authorise: () => Promise.reject(new Error('no tab')),
  })
  const connection = new Connection({
    host,
    policy: resolveOptions({ transport }),
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    link,
    credentials: (_signal, fresh) => credentials?.(fresh) ?? Promise.resolve({ credentials: undefined, cached: false }),
    resume: () => Promise.resolve(undefined),
    changed: () => statuses.push(connection.status),
  })
  return { host, transport, connection, statuses }
}

test('an attempt that takes longer than connectTimeoutMs is given up, and tried again', async () => {
  const { host, transport, connection, statuses } = setUp()
  const signals: AbortSignal[] = []
  transport.behaviour.open = (_credentials, signal) => {
    signals.push(signal)
    return new Promise(() => {})
  }
  connection.dispatch({ type: 'needed' })
  await host.advance(CONNECT_TIMEOUT_MS - 1)
  expect(connection.status).toEqual({ status: 'connecting' })
  expect(signals[0]?.aborted).toBe(false)
  await host.advance(1)
  expect(signals[0]?.aborted).toBe(true)
  expect(statuses).toContainEqual({ status: 'offline', reason: 'network' })
  await reactions()
  expect(signals).toHaveLength(2)
})

test('the time-out counts the credentials in', async () => {
  const { host, connection, statuses } = setUp(() => new Promise(() => {}))
  connection.dispatch({ type: 'needed' })
  await host.advance(CONNECT_TIMEOUT_MS)
  expect(statuses).toContainEqual({ status: 'offline', reason: 'network' })
})

test('what a given-up attempt still says is ignored, good or bad', async () => {
  const { host, transport, connection } = setUp()
  host.randomness = 0.5
  const attempts = [deferred<void>(), deferred<void>(), deferred<void>()]
  let count = 0
  transport.behaviour.open = () => attempts[count++]?.promise ?? Promise.resolve()
  connection.dispatch({ type: 'needed' })
  await host.advance(CONNECT_TIMEOUT_MS)
  attempts[0]?.resolve()
  await reactions()
  expect(connection.status.status).toBe('offline')
  await host.advance(500)
  await host.advance(CONNECT_TIMEOUT_MS)
  await host.advance(1_000)
  expect(count).toBe(3)
  attempts[1]?.reject(new UpstreamError('credentials', 'late refusal'))
  await reactions()
  expect(connection.status.status).toBe('connecting')
  attempts[2]?.resolve()
  await reactions()
  expect(connection.status).toEqual({ status: 'open' })
  expect(connection.stats()).toMatchObject({ opened: 1, failures: 2 })
})

test('an attempt that nobody needs any more is given up', async () => {
  const { transport, connection } = setUp()
  const opening = deferred<void>()
  transport.behaviour.open = () => opening.promise
  connection.dispatch({ type: 'needed' })
  const { signal } = connection
  connection.dispatch({ type: 'unneeded' })
  expect(signal.aborted).toBe(true)
  opening.resolve()
  await reactions()
  expect(connection.status).toEqual({ status: 'idle' })
})

test('cached credentials that are refused are asked for anew, once, before the refusal counts', async () => {
  const asked: boolean[] = []
  const { transport, connection } = setUp(fresh => {
    asked.push(fresh)
    return Promise.resolve({ credentials: { token: fresh ? 'new' : 'old' }, cached: !fresh })
  })
  const tried: (Credentials | undefined)[] = []
  transport.behaviour.open = credentials => {
    tried.push(credentials)
    return credentials?.['token'] === 'new'
      ? Promise.resolve()
      : Promise.reject(new UpstreamError('credentials', 'too old'))
  }
  connection.dispatch({ type: 'needed' })
  await reactions()
  expect(connection.status).toEqual({ status: 'open' })
  expect(asked).toEqual([false, true])
  expect(tried).toEqual([{ token: 'old' }, { token: 'new' }])
})

test.each([
  ['fresh credentials', false, 1],
  ['the second ones', true, 2],
])('when %s are refused the line is blocked', async (_, cached, attempts) => {
  const { transport, connection } = setUp(fresh => Promise.resolve({ credentials: {}, cached: cached && !fresh }))
  transport.behaviour.open = () => Promise.reject(new UpstreamError('credentials', 'not you'))
  connection.dispatch({ type: 'needed' })
  await reactions()
  expect(connection.status).toEqual({ status: 'blocked', reason: 'credentials-refused' })
  expect(transport.calls.filter(call => call === 'open')).toHaveLength(attempts)
})

test('new credentials reach the open connection, and one that is being made as soon as it is open', async () => {
  const { transport, connection } = setUp()
  const opening = deferred<void>()
  transport.behaviour.open = () => opening.promise
  connection.dispatch({ type: 'needed' })
  connection.renew({ token: 'second' })
  await reactions()
  expect(transport.calls).toEqual(['open'])
  opening.resolve()
  await reactions()
  expect(transport.calls).toEqual(['open', 'renew second'])
  connection.renew({ token: 'third' })
  expect(transport.calls).toEqual(['open', 'renew second', 'renew third'])
})

test('new credentials end a refusal of those before them', async () => {
  const { transport, connection } = setUp()
  transport.behaviour.open = () => Promise.reject(new UpstreamError('credentials', 'not you'))
  connection.dispatch({ type: 'needed' })
  await reactions()
  expect(connection.status.status).toBe('blocked')
  transport.behaviour.open = () => Promise.resolve()
  connection.renew({ token: 'other' })
  await reactions()
  expect(connection.status).toEqual({ status: 'open' })
})

test('cached credentials are not asked for anew after another failure', async () => {
  const asked: boolean[] = []
  const { host, transport, connection } = setUp(fresh => {
    asked.push(fresh)
    return Promise.resolve({ credentials: {}, cached: true })
  })
  host.randomness = 0.5
  transport.behaviour.open = () => Promise.reject(new UpstreamError('network', 'unreachable'))
  connection.dispatch({ type: 'needed' })
  await reactions()
  expect(connection.status).toEqual({ status: 'offline', reason: 'network' })
  expect(asked).toEqual([false])
})

test('something unknown that a transport throws counts as a network failure', async () => {
  const { host, transport, connection } = setUp()
  host.randomness = 0.5
  transport.behaviour.open = () => Promise.reject(new TypeError('library bug'))
  connection.dispatch({ type: 'needed' })
  await reactions()
  expect(connection.stats()).toMatchObject({ failures: 1, lastCause: 'network' })
})

test('a lost connection aborts its signal, closes the link and is counted', async () => {
  const { host, transport, connection } = setUp()
  host.randomness = 0.5
  connection.dispatch({ type: 'needed' })
  await reactions()
  const { signal } = connection
  transport.lose(new UpstreamError('server-restart', 'going away'))
  expect(signal.aborted).toBe(true)
  expect(connection.stats()).toMatchObject({ state: 'waiting', opened: 1, lost: 1, lastCause: 'server-restart' })
  transport.lose()
  expect(connection.stats().lost).toBe(1)
})

test('a connection that goes in the very moment in which it opens is not taken for open', async () => {
  const { host, transport, connection, statuses } = setUp()
  host.randomness = 0.5
  transport.behaviour.open = () => {
    // The next microtask resolves the link's `open`; the one after it comes before the runner hears of that.
    queueMicrotask(() => queueMicrotask(() => transport.lose()))
    return Promise.resolve()
  }
  connection.dispatch({ type: 'needed' })
  await reactions()
  expect(connection.status).toEqual({ status: 'offline', reason: 'network' })
  expect(statuses).not.toContainEqual({ status: 'open' })
})

test('the timer of a phase ends with the phase', async () => {
  const { host, transport, connection } = setUp()
  host.randomness = 0.5
  let refuses = true
  transport.behaviour.open = () =>
    refuses ? Promise.reject(new UpstreamError('network', 'unreachable')) : Promise.resolve()
  connection.dispatch({ type: 'needed' })
  await reactions()
  expect(host.timers()).toEqual([500])
  refuses = false
  connection.dispatch({ type: 'reconnect' })
  await reactions()
  expect(connection.isOpen).toBe(true)
  expect(host.timers()).toEqual([])
})

test('a server that asked for patience is tried again also where timers come a little early', async () => {
  const clock = fakeClockHost()
  const { transport, connection, statuses } = setUp(undefined, {
    ...clock,
    setTimer: (ms, run) => clock.setTimer(ms - 0.75, run),
  })
  transport.behaviour.open = () => {
    delete transport.behaviour.open
    return Promise.reject(new UpstreamError('rate-limited', 'slow down', { retryAfterMs: 7_000 }))
  }
  connection.dispatch({ type: 'needed' })
  await clock.advance(6_999.5)
  expect(connection.status).toEqual({ status: 'offline', reason: 'rate-limited' })
  expect(transport.calls).toHaveLength(1)
  await clock.advance(1)
  expect(connection.status).toEqual({ status: 'open' })
  expect(statuses.at(-1)).toEqual({ status: 'open' })
})

test('a timer has whole milliseconds, and no fewer than its phase', async () => {
  const { host, transport, connection } = setUp()
  host.randomness = 0.000_3
  transport.behaviour.open = () => Promise.reject(new UpstreamError('network', 'unreachable'))
  connection.dispatch({ type: 'needed' })
  await host.advance(0)
  for (const due of host.timers()) expect(Number.isInteger(due)).toBe(true)
})

test('stats tell for how long the phase has lasted', async () => {
  const { host, connection } = setUp()
  await host.advance(70)
  expect(connection.stats()).toMatchObject({ state: 'idle', sinceMs: 70 })
  connection.dispatch({ type: 'needed' })
  await host.advance(30)
  expect(connection.stats()).toMatchObject({ state: 'open', sinceMs: 30 })
})

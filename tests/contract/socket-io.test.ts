import { afterEach, describe, expect, it } from 'vitest'
import type { BrokerOptions } from '../../src/worker/index.ts'
import { socketIo, type SocketIoOptions } from '../../src/worker/transports/socket-io.ts'
import { startNodeLine, type NodeLine } from '../support/line/node-line.ts'
import { collectUncaught } from '../support/line/collect-uncaught.ts'
import { waitFor } from '../support/line/wait-for.ts'
import {
  startSocketIoServer,
  type SocketIoServer,
  type SocketIoServerOptions,
} from '../support/servers/socket-io-server.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const FAST: Partial<BrokerOptions> = {
  backoffBaseMs: 50,
  backoffMaxMs: 200,
  restartSpreadMs: 50,
  lingerMs: 20,
  idleMs: 50,
  circuitFailures: 1_000,
}
const ROOMS = { join: 'join', leave: 'leave' }

async function serve(options?: SocketIoServerOptions): Promise<SocketIoServer> {
  const server = await startSocketIoServer(options)
  ends.push(() => server.close())
  return server
}

function line(
  server: { url: string },
  transport: Partial<SocketIoOptions> = {},
  options: Partial<BrokerOptions> = {},
): NodeLine {
  const started = startNodeLine({
    transport: socketIo({ url: server.url, rooms: ROOMS, ...transport }),
    ...FAST,
    ...options,
  })
  ends.push(() => started.close())
  return started
}

describe('Socket.IO transport', () => {
  it.each([['polling' as const], ['websocket' as const]])('carries events over %s', async transport => {
    const server = await serve()
    const tab = await line(server, { transports: [transport] }).openTab({ wanted: [{ channel: 'orders' }] })
    await tab.notice('subscription', ({ state }) => state === 'joined')
    for (let n = 0; n < 100; n++) server.tick('orders')
    await waitFor(() => tab.events().length === 100, '100 events')
    expect(tab.payloads()).toEqual(Array.from({ length: 100 }, (_, index) => ({ n: index + 1 })))
  })

  it('joins a room once for all tabs and leaves it after the last', async () => {
    const server = await serve()
    const shared = line(server)
    const tabs = await Promise.all([1, 2, 3].map(() => shared.openTab({ wanted: [{ channel: 'orders' }] })))
    await Promise.all(tabs.map(tab => tab.notice('subscription', ({ state }) => state === 'joined')))
    expect(server.joins).toEqual(['orders'])
    expect(server.connections()).toBe(1)
    for (const tab of tabs) await tab.ask({ op: 'unsubscribe', channel: 'orders' })
    await waitFor(() => server.leaves.length === 1, 'the leave')
    await waitFor(() => server.connections() === 0, 'no connection')
  })

  it('keeps namespaces apart on one connection', async () => {
    const server = await serve()
    const tab = await line(server).openTab({
      wanted: [{ channel: 'lobby' }, { channel: '/chat#lobby' }, { channel: '/chat' }],
    })
    await waitFor(
      () => tab.notices('subscription').filter(({ state }) => state === 'joined').length === 3,
      'three joins',
    )
    server.io.of('/chat').to('lobby').emit('lobby:said', 'in chat')
    server.tick('lobby')
    await waitFor(() => tab.events().length === 3, 'three events')
    const refs = new Map(tab.notices('subscription').map(({ ref, channel }) => [ref, channel]))
    expect(
      tab
        .events()
        .map(([ref, event]) => `${refs.get(ref)} ${event}`)
        .toSorted(),
    ).toEqual(['/chat lobby:said', '/chat#lobby said', 'lobby tick'])
    expect(server.connections()).toBe(1)
  })

  it('hands binary over as it came', async () => {
    const server = await serve()
    const tab = await line(server).openTab({ wanted: [{ channel: 'files' }] })
    await tab.notice('subscription', ({ state }) => state === 'joined')
    server.io.to('files').emit('files:part', { bytes: Buffer.from([1, 2, 250]) })
    await waitFor(() => tab.events().length === 1, 'the part')
    const [{ bytes }] = tab.payloads() as [{ bytes: Uint8Array }]
    expect([...new Uint8Array(bytes)]).toEqual([1, 2, 250])
  })

  it('publishes with acknowledgement, and tells refusals and silence apart', async () => {
    const server = await serve()
    const tab = await line(server).openTab()
    await tab.ask(
      { op: 'publish', id: 1, channel: 'orders', event: 'place', payload: { table: 4 }, timeoutMs: 2_000 },
      { op: 'publish', id: 2, channel: 'orders', event: 'fail', payload: {}, timeoutMs: 2_000 },
      { op: 'publish', id: 3, channel: 'orders', event: 'silent', payload: {}, timeoutMs: 100 },
    )
    const outcome = (id: number) => tab.notice('receipt', receipt => receipt.id === id && receipt.stage !== 'sent')
    expect(await outcome(1)).toMatchObject({ stage: 'acknowledged', reply: { ok: true, echo: { table: 4 } } })
    expect(await outcome(2)).toMatchObject({
      stage: 'failed',
      error: { code: 'rejected', details: { error: 'no such table' } },
    })
    expect(await outcome(3)).toMatchObject({ stage: 'failed', error: { code: 'unconfirmed' } })
    expect(server.published.map(({ event }) => event)).toEqual(['orders:place', 'orders:fail', 'orders:silent'])
  })

  it('tells a refused join with the reason', async () => {
    const server = await serve({ forbidden: ['secret'] })
    const tab = await line(server).openTab({ wanted: [{ channel: 'secret' }] })
    const refused = await tab.notice('subscription', ({ state }) => state === 'refused')
    expect(refused.error).toMatchObject({ code: 'join-refused', details: { error: 'not for you' } })
  })

  it('hands over once what a server restores that ends the connection before its welcome, and tries again soon', async () => {
    const server = await serve({ recovery: 'with middlewares' })
    let ended = 0
    server.io.use((socket, next) => {
      // What it has missed is on its way.
      if (socket.recovered && ended++ === 0) socket.conn.close()
      else next()
    })
    const tab = await line(server, { transports: ['websocket'] }).openTab({ wanted: [{ channel: 'orders' }] })
    await tab.notice('subscription', ({ state }) => state === 'joined')
    server.tick('orders')
    await waitFor(() => tab.events().length === 1, 'the first event')
    await server.cut()
    for (let n = 0; n < 5; n++) server.tick('orders')
    expect(await tab.notice('continuity')).toMatchObject({ verdict: 'recovered' })
    const last = server.tick('orders')
    await waitFor(() => tab.payloads().some(payload => (payload as { n: number }).n === last), 'the last event')
    expect(ended).toBe(2)
    expect(tab.payloads()).toEqual([1, 2, 3, 4, 5, 6, 7].map(n => ({ n })))
  })

  it('recovers what it missed while the network was cut', async () => {
    const server = await serve()
    // Over polling the server itself does not notice the cut, and restores only sessions that it knows are gone.
    const tab = await line(server, { transports: ['websocket'] }).openTab({ wanted: [{ channel: 'orders' }] })
    await tab.notice('subscription', ({ state }) => state === 'joined')
    server.tick('orders')
    await waitFor(() => tab.events().length === 1, 'the first event')
    await server.cut()
    await tab.notice('status', ({ status }) => status === 'offline')
    for (let n = 0; n < 5; n++) server.tick('orders')
    const { verdict } = await tab.notice('continuity')
    expect(verdict).toBe('recovered')
    await waitFor(() => tab.events().length === 6, 'the missed events')
    expect(tab.payloads()).toEqual([1, 2, 3, 4, 5, 6].map(n => ({ n })))
    expect(server.joins).toEqual(['orders'])
  })

  it('says `unknown` before the next event where the server cannot recover', async () => {
    const server = await serve({ recovery: false })
    const tab = await line(server, { transports: ['websocket'] }).openTab({ wanted: [{ channel: 'orders' }] })
    await tab.notice('subscription', ({ state }) => state === 'joined')
    server.tick('orders')
    await waitFor(() => tab.events().length === 1, 'the first event')
    await server.cut()
    server.tick('orders')
    await tab.notice('continuity')
    await waitFor(() => server.joins.length === 2, 'the second join')
    server.tick('orders')
    await waitFor(() => tab.events().length === 2, 'the next event')
    const order = tab.items.flatMap(item => (Array.isArray(item) ? ['event'] : 'verdict' in item ? [item.verdict] : []))
    expect(order).toEqual(['event', 'unknown', 'event'])
  })

  it('leaves a room that was given up while the line was away, also when the server restores it', async () => {
    const server = await serve()
    const tab = await line(server, { transports: ['websocket'] }, { lingerMs: 1 }).openTab({
      wanted: [{ channel: 'orders' }, { channel: 'floor' }],
    })
    await waitFor(() => tab.notices('subscription').filter(({ state }) => state === 'joined').length === 2, 'two joins')
    server.tick('orders')
    server.tick('floor')
    await waitFor(() => tab.events().length === 2, 'both events')
    await server.cut()
    await tab.notice('status', ({ status }) => status === 'offline')
    await tab.ask({ op: 'unsubscribe', channel: 'floor' })
    await tab.notice('continuity')
    await waitFor(() => server.leaves.includes('floor'), 'the late leave')
  })

  it('comes back to a restarted server and tells `unknown`', async () => {
    const server = await startSocketIoServer()
    const tab = await line(server).openTab({ wanted: [{ channel: 'orders' }] })
    await tab.notice('subscription', ({ state }) => state === 'joined')
    server.tick('orders')
    await waitFor(() => tab.events().length === 1, 'the first event')
    await server.close()
    await tab.notice('status', ({ status }) => status === 'offline')
    const again = await serve({ port: server.port })
    await waitFor(() => again.joins.length === 1, 'the join at the new server')
    expect((await tab.notice('continuity')).verdict).toBe('unknown')
    expect(again.peakConnections()).toBe(1)
  })

  it('asks for credentials, is blocked by a refusal, and goes on with other ones', async () => {
    const seen: unknown[] = []
    const server = await serve({
      authenticate({ token }) {
        seen.push(token)
        if (token !== 'good') throw new Error('unauthorized')
      },
    })
    const shared = line(server)
    const answer = async (tab: Awaited<ReturnType<NodeLine['openTab']>>, nth: number, token: string): Promise<void> => {
      const { id } = await waitFor(() => tab.notices('credentials-wanted')[nth], 'the broker asking')
      await tab.ask({ op: 'credentials', id, credentials: { token, expiresAt: Date.now() + 3_600_000 } })
    }
    const tab = await shared.openTab({ wanted: [{ channel: 'orders' }], hasCredentials: true })
    await answer(tab, 0, 'stale')
    await tab.notice('status', ({ status, reason }) => status === 'blocked' && reason === 'credentials-refused')
    await waitFor(() => server.connections() === 0, 'no connection')
    await tab.ask({ op: 'signal', signal: 'visible' })
    await answer(tab, 1, 'good')
    await tab.notice('status', ({ status }) => status === 'open')
    expect(seen).toEqual(['stale', 'good'])
  })

  it('waits as long as a rate-limiting server asks for', async () => {
    const attempts: number[] = []
    const server = await serve({
      authenticate() {
        attempts.push(performance.now())
        if (attempts.length === 1) throw Object.assign(new Error('slow down'), { data: { retryAfterMs: 400 } })
      },
    })
    const tab = await line(server).openTab({ wanted: [{ channel: 'orders' }] })
    await tab.notice('status', ({ status }) => status === 'open')
    expect(attempts).toHaveLength(2)
    expect((attempts[1] ?? 0) - (attempts[0] ?? 0)).toBeGreaterThanOrEqual(399)
  })

  it('comes back after the server ended the connection on purpose', async () => {
    const server = await serve()
    const tab = await line(server).openTab({ wanted: [{ channel: 'orders' }] })
    await tab.notice('subscription', ({ state }) => state === 'joined')
    server.io.disconnectSockets(true)
    await tab.notice('status', ({ status, reason }) => status === 'offline' && reason === 'server-closed')
    await waitFor(() => server.joins.length === 2, 'the second join')
    expect(server.connections()).toBe(1)
  })

  it('rejoins a namespace that the server ended while the connection goes on', async () => {
    const server = await serve()
    const tab = await line(server).openTab({ wanted: [{ channel: 'orders' }, { channel: '/chat#lobby' }] })
    await waitFor(() => tab.notices('subscription').filter(({ state }) => state === 'joined').length === 2, 'two joins')
    server.io.of('/chat').disconnectSockets()
    await waitFor(() => server.joins.filter(room => room === 'lobby').length === 2, 'the second join of the lobby')
    expect(await tab.notice('continuity')).toMatchObject({ verdict: 'unknown' })
    expect(tab.notices('status').map(({ status }) => status)).not.toContain('offline')
  })

  it.each([
    ['/nowhere', 'does not exist'],
    ['/nowhere#lobby', 'does not exist, with a room'],
    ['/private', 'is not for this user'],
  ])('refuses channel %s for good when its namespace %s; the others go on', async channel => {
    const server = await serve()
    server.io.of('/private').use((_socket, next) => next(new Error('not for you')))
    const tab = await line(server).openTab({ wanted: [{ channel: 'orders' }, { channel }] })
    const refused = await tab.notice('subscription', ({ state }) => state === 'refused')
    expect(refused).toMatchObject({ channel, error: { code: 'join-refused', retryable: false } })
    await tab.notice('subscription', notice => notice.channel === 'orders' && notice.state === 'joined')
    server.tick('orders')
    await waitFor(() => tab.events().length === 1, 'the event')
    expect(tab.notices('status').map(({ status }) => status)).not.toContain('blocked')
    expect(server.connections()).toBe(1)
  })

  it('comes back when a packet makes the library throw after it has let go of the connection', async () => {
    const server = await serve()
    const tab = await line(server, { transports: ['websocket'] }).openTab({ wanted: [{ channel: 'orders' }] })
    await tab.notice('subscription', ({ state }) => state === 'joined')
    const thrown = await collectUncaught(async () => {
      server.io.of('/').sockets.forEach(({ conn }) => void conn.write('4'))
      await waitFor(() => server.joins.length === 2, 'the second join')
    })
    expect(thrown).toMatchObject([{ message: expect.stringContaining("reading 'message'") }])
    server.tick('orders')
    await waitFor(() => tab.events().length === 1, 'the event')
  })

  it('refuses another name for a channel, and tells the right one', async () => {
    const server = await serve()
    const tab = await line(server).openTab({ wanted: [{ channel: '/#lobby' }] })
    const { error } = await tab.notice('subscription', ({ state }) => state === 'refused')
    expect(error).toMatchObject({ code: 'join-refused', message: expect.stringContaining('is called lobby here') })
    expect(server.joins).toEqual([])
  })

  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  it.each<[string, string, string, unknown]>([
    ['a BigInt', 'orders', 'place', { table: 4n }],
    ['a cycle', 'orders', 'place', cycle],
    ['an event with a name of its own', '/', 'connect', {}],
    ['a BigInt, in a namespace that has to be connected first', '/chat#lobby', 'say', { table: 4n }],
  ])('refuses what the library cannot send: %s', async (_, channel, event, payload) => {
    const server = await serve()
    const tab = await line(server).openTab()
    const message = { op: 'publish', channel, timeoutMs: 2_000 } as const
    await tab.ask({ ...message, id: 1, event, payload }, { ...message, id: 2, event: 'say', payload: 'well' })
    const outcome = (id: number) => tab.notice('receipt', receipt => receipt.id === id && receipt.stage !== 'sent')
    expect(await outcome(1)).toMatchObject({ stage: 'failed', error: { code: 'invalid-payload', retryable: false } })
    expect(await outcome(2)).toMatchObject({ stage: 'acknowledged' })
    expect(server.published.map(({ payload: arrived }) => arrived)).toEqual(['well'])
  })

  it.each([
    ['that hides a namespace', 'https://example.com/admin', /namespace/],
    ['that is none', 'not a url', /expected one such as/],
  ])('refuses a url %s when the broker starts, so that the tabs hear of it', (_, url, sentence) => {
    const transport = socketIo({ url })
    expect(() => startNodeLine({ transport })).toThrow(
      expect.objectContaining({ code: 'bad-options', message: expect.stringMatching(sentence) }),
    )
  })
})

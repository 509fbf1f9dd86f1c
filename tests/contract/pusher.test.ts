import '../support/worker-globals.ts'
import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { toChannelId } from '../../src/protocol/index.ts'
import type { BrokerOptions } from '../../src/worker/index.ts'
import { pusher as encryptedPusher } from '../../src/worker/transports/pusher-encrypted.ts'
import { pusher, type PusherOptions } from '../../src/worker/transports/pusher.ts'
import { UpstreamError } from '../../src/worker/upstream/transport.ts'
import { startNodeLine, type NodeLine, type NodeTab } from '../support/line/node-line.ts'
import { waitFor } from '../support/line/wait-for.ts'
import { listen } from '../support/servers/http/listen.ts'
import { readBody } from '../support/servers/http/read-body.ts'
import { openPusherClient, type PusherClient } from '../support/servers/pusher/pusher-client.ts'
import {
  startPusherServer,
  type PusherServer,
  type PusherServerOptions,
} from '../support/servers/pusher/pusher-server.ts'

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

async function serve(options?: PusherServerOptions): Promise<PusherServer> {
  const server = await startPusherServer(options)
  ends.push(() => server.close())
  return server
}

function optionsFor({ app, port, url }: PusherServer, own: Partial<PusherOptions> = {}): PusherOptions {
  return {
    key: app.key,
    host: '127.0.0.1',
    port,
    tls: false,
    channelAuthorization: { endpoint: `${url}/pusher/auth`, params: { user_id: 'ann' } },
    ...own,
  }
}

function line(server: PusherServer, own?: Partial<PusherOptions>, options?: Partial<BrokerOptions>): NodeLine {
  const started = startNodeLine({ transport: pusher(optionsFor(server, own)), ...FAST, ...options })
  ends.push(() => started.close())
  return started
}

/** The official client, in another browser. */
function someoneElse(server: PusherServer, user: string): PusherClient {
  const client = openPusherClient(server, { user })
  ends.push(() => client.disconnect())
  return client
}

async function joined(tab: NodeTab, channel: string): Promise<void> {
  await tab.notice('subscription', notice => notice.channel === channel && notice.state === 'joined')
}

/** `[event, payload, ...rest]` of all events. */
function heard(tab: NodeTab): unknown[][] {
  return tab.events().map(([, event, payload, , rest = []]) => [event, payload, ...rest])
}

const COUNT = 'pusher:subscription_count'

describe('channels', () => {
  it('joins once for all tabs, hands events over in order, and leaves after the last', async () => {
    const server = await serve()
    const shared = line(server)
    const tabs = await Promise.all([1, 2, 3].map(() => shared.openTab({ wanted: [{ channel: 'orders' }] })))
    await Promise.all(tabs.map(tab => joined(tab, 'orders')))
    for (let n = 0; n < 100; n++) server.tick('orders')
    for (const tab of tabs) {
      const ticks = (): unknown[][] => heard(tab).filter(([event]) => event === 'tick')
      await waitFor(() => ticks().length === 100, '100 ticks')
      expect(ticks().map(([, payload]) => payload)).toEqual(
        Array.from({ length: 100 }, (_, index) => ({ n: index + 1 })),
      )
    }
    expect(server.subscriptions).toEqual(['orders'])
    expect(server.connections()).toBe(1)
    for (const tab of tabs) await tab.ask({ op: 'unsubscribe', channel: 'orders' })
    await waitFor(() => server.unsubscriptions.length === 1, 'the leave')
    await waitFor(() => server.connections() === 0, 'no connection')
  })

  it('tells how many subscribe, where the server does', async () => {
    const server = await serve()
    const tab = await line(server).openTab({ wanted: [{ channel: 'orders' }] })
    await joined(tab, 'orders')
    someoneElse(server, 'bob').subscribe('orders')
    await waitFor(() => heard(tab).length === 2, 'both counts')
    expect(heard(tab)).toEqual([
      [COUNT, { subscription_count: 1 }],
      [COUNT, { subscription_count: 2 }],
    ])
  })

  it('hands over the last event of a cache channel, or that there is none', async () => {
    const server = await serve()
    const tab = await line(server).openTab({ wanted: [{ channel: 'private-cache-menu' }] })
    await waitFor(() => heard(tab).some(([event]) => event === 'pusher:cache_miss'), 'the miss')
    await server.sdk.trigger('private-cache-menu', 'changed', { dish: 1 })
    await server.cut()
    await waitFor(
      () => heard(tab).filter(([event]) => event === 'changed').length === 2,
      'the event and its repetition',
    )
    const order = tab.items.flatMap(item => (Array.isArray(item) ? [item[1]] : 'verdict' in item ? [item.verdict] : []))
    expect(order.filter(one => one !== COUNT)).toEqual(['pusher:cache_miss', 'changed', 'unknown', 'changed'])
  })

  it.each([
    ['presence orders', 'takes up to 200 letters'],
    ['x'.repeat(201), 'takes up to 200 letters'],
    ['#user', 'needs a user who is signed in'],
    ['#watchlist', 'needs a user who is signed in'],
    ['private-encrypted-orders', 'partyline/worker/pusher-encrypted'],
    ['orders\n{"station":"grill"}', 'have no parameters'],
  ])('refuses %j, which it cannot join, and says why', async (channel, why) => {
    const server = await serve()
    const tab = await line(server).openTab({ wanted: [{ channel }] })
    const { error } = await tab.notice('subscription', ({ state }) => state === 'refused')
    expect(error).toMatchObject({ code: 'join-refused', message: expect.stringContaining(why) })
    expect(server.subscriptions).toEqual([])
  })
})

describe('presence', () => {
  it('tells who is there, this user among them, who comes and who goes; a late tab hears it at once', async () => {
    const server = await serve()
    const bob = someoneElse(server, 'bob')
    bob.subscribe('presence-floor')
    await waitFor(() => server.subscriptionCount('presence-floor') === 1, 'bob')
    const shared = line(server)
    const tab = await shared.openTab({ wanted: [{ channel: 'presence-floor', presence: true }] })
    const ann = { id: 'ann', states: [{ name: 'The user ann' }] }
    expect((await tab.notice('presence')).change).toEqual({
      kind: 'state',
      members: [{ id: 'bob', states: [{ name: 'The user bob' }] }, ann],
    })
    someoneElse(server, 'carol').subscribe('presence-floor')
    const came = await tab.notice('presence', ({ change }) => change.kind === 'diff')
    expect(came.change).toMatchObject({ present: [{ id: 'carol' }], gone: [] })
    bob.disconnect()
    const went = await tab.notice('presence', ({ change }) => change.kind === 'diff' && change.gone.length > 0)
    expect(went.change).toMatchObject({ present: [], gone: ['bob'] })
    const late = await shared.openTab({ wanted: [{ channel: 'presence-floor', presence: true }] })
    expect((await late.notice('presence')).change).toMatchObject({
      kind: 'state',
      members: [ann, { id: 'carol' }],
    })
    expect(server.subscriptions.filter(channel => channel === 'presence-floor')).toHaveLength(3)
  })
})

describe('client events', () => {
  it('join a channel for themselves: a tab that comes meanwhile hears who is there all the same', async () => {
    const server = await serve()
    const tab = await line(server, {}, { idleMs: 5_000 }).openTab()
    await tab.ask(
      { ...message, id: 1, channel: 'presence-floor', event: 'client-n', payload: 1 },
      { op: 'subscribe', channel: 'presence-floor', presence: true },
    )
    expect((await tab.notice('presence')).change).toMatchObject({ members: [{ id: 'ann' }] })
    await waitFor(() => server.clientEvents.length === 1, 'the message')
    expect(server.subscriptions).toEqual(['presence-floor'])
    expect(server.unsubscriptions).toEqual([])
  })

  const message = { op: 'publish', timeoutMs: 2_000 } as const

  it("reach other browsers, this browser's other tabs and not the tab itself, as what JSON makes of them", async () => {
    const server = await serve()
    const others: unknown[] = []
    const bob = someoneElse(server, 'bob')
    bob.subscribe('presence-floor').bind('client-typing', (data: unknown, from: unknown) => others.push([data, from]))
    await waitFor(() => server.subscriptionCount('presence-floor') === 1, 'bob')
    const shared = line(server)
    const [tab, other] = await Promise.all(
      [1, 2].map(() => shared.openTab({ wanted: [{ channel: 'presence-floor' }] })),
    )
    if (tab === undefined || other === undefined) throw new Error('two tabs')
    await joined(tab, 'presence-floor')
    await tab.ask({
      ...message,
      id: 1,
      channel: 'presence-floor',
      event: 'client-typing',
      payload: { at: new Date(0) },
    })
    const payload = { at: '1970-01-01T00:00:00.000Z' }
    await waitFor(() => others.length === 1, 'bob hearing it')
    expect(others).toEqual([[payload, { user_id: 'ann' }]])
    expect(heard(other)).toEqual([['client-typing', payload, { user_id: 'ann' }]])
    expect(heard(tab)).toEqual([])
    expect(await tab.notice('receipt', ({ stage }) => stage === 'acknowledged')).toMatchObject({ id: 1 })
    bob.channel('presence-floor').trigger('client-typing', 'hello')
    await waitFor(() => heard(tab).length === 1, 'what bob says')
    expect(heard(tab)).toEqual([['client-typing', 'hello', { user_id: 'bob' }]])
  })

  it('wait for the channel to be joined, in order; where no tab listens it is left again', async () => {
    const server = await serve()
    const tab = await line(server, {}, { idleMs: 5_000 }).openTab()
    const ids = [1, 2, 3]
    await tab.ask(...ids.map(id => ({ ...message, id, channel: 'private-floor', event: 'client-n', payload: id })))
    await waitFor(() => tab.notices('receipt').filter(({ stage }) => stage === 'acknowledged').length === 3, 'receipts')
    await waitFor(() => server.unsubscriptions.length === 1, 'the leave')
    expect(server.clientEvents.map(({ data }) => data)).toEqual(ids)
    expect(server.subscriptions).toEqual(['private-floor'])
  })

  it.each([
    ['orders', 'client-typing', 'private and presence channels'],
    ['private-encrypted-orders', 'client-typing', 'private and presence channels'],
    ['private-orders', 'typing', 'such as client-typing'],
  ])('are refused on %s as %s, with the reason', async (channel, event, why) => {
    const server = await serve()
    const tab = await line(server).openTab()
    await tab.ask({ ...message, id: 1, channel, event, payload: {} })
    expect(await tab.notice('receipt')).toMatchObject({
      stage: 'failed',
      error: { code: 'not-offered', retryable: false, message: expect.stringContaining(why) },
    })
    expect(server.clientEvents).toEqual([])
  })

  it('are refused when JSON cannot carry them', async () => {
    const server = await serve()
    const tab = await line(server).openTab()
    await tab.ask({ ...message, id: 1, channel: 'private-orders', event: 'client-n', payload: 1n })
    expect(await tab.notice('receipt')).toMatchObject({ stage: 'failed', error: { code: 'invalid-payload' } })
  })

  it('are not sent in larger numbers than the server takes, which would drop them', async () => {
    const server = await serve({ clientEventsPerSecond: 3 })
    const tab = await line(server, { clientEventsPerSecond: 3 }).openTab({ wanted: [{ channel: 'private-floor' }] })
    await joined(tab, 'private-floor')
    await tab.ask(
      ...[1, 2, 3, 4].map(id => ({ ...message, id, channel: 'private-floor', event: 'client-n', payload: id })),
    )
    expect(await tab.notice('receipt', ({ stage }) => stage === 'failed')).toMatchObject({
      id: 4,
      error: { code: 'not-sent', retryable: true },
    })
    await waitFor(() => server.clientEvents.length === 3, 'the others')
    expect((await tab.stats()).traffic.malformed).toBe(0)
  })

  it('are dropped by a server that takes fewer than it was said to: that is counted', async () => {
    const server = await serve({ clientEventsPerSecond: 1 })
    const shared = line(server)
    const tab = await shared.openTab({ wanted: [{ channel: 'private-floor' }] })
    await joined(tab, 'private-floor')
    await tab.ask(...[1, 2].map(id => ({ ...message, id, channel: 'private-floor', event: 'client-n', payload: id })))
    await waitFor(() => server.clientEvents.length === 1, 'the one')
    await waitFor(() => shared.broker.stats().traffic.malformed === 1, 'the count')
  })
})

describe('authorisation at an endpoint', () => {
  it('refuses a channel that the app refuses, with its words', async () => {
    const server = await serve()
    server.auth.refuseChannel('private-safe')
    const tab = await line(server).openTab({ wanted: [{ channel: 'private-safe' }, { channel: 'private-orders' }] })
    const { error } = await tab.notice('subscription', ({ state }) => state === 'refused')
    expect(error).toMatchObject({ message: expect.stringContaining('403'), details: { status: 403 } })
    await joined(tab, 'private-orders')
    expect(server.subscriptions).toEqual(['private-orders'])
  })

  it("sends the credentials' token, and has one that has expired renewed once for all channels", async () => {
    const server = await serve()
    server.auth.demandToken('new')
    const wanted = ['private-a', 'private-b', 'private-c'].map(channel => ({ channel }))
    const tab = await line(server).openTab({ wanted, hasCredentials: true })
    await giveCredentials(tab, 0, { token: 'old' })
    await giveCredentials(tab, 1, { token: 'new' })
    for (const { channel } of wanted) await joined(tab, channel)
    expect(tab.notices('credentials-wanted')).toHaveLength(2)
    expect(server.auth.log.map(({ status }) => status)).toEqual([401, 401, 401, 200, 200, 200])
  })

  it('has a token that has expired renewed once for all connections to come', async () => {
    const server = await serve()
    server.auth.demandToken('new')
    const tab = await line(server).openTab({ wanted: [{ channel: 'private-a' }], hasCredentials: true })
    await giveCredentials(tab, 0, { token: 'old' })
    await giveCredentials(tab, 1, { token: 'new' })
    for (const count of [1, 2, 3]) {
      await waitFor(() => server.subscriptions.length === count, `join ${count}`)
      server.closeAll(4201)
    }
    await waitFor(() => server.subscriptions.length === 4, 'the last join')
    expect(server.auth.log.map(({ status }) => status)).toEqual([401, 200, 200, 200, 200])
    expect(tab.notices('credentials-wanted')).toHaveLength(2)
  })

  it('refuses the join when the renewed token is no better', async () => {
    const server = await serve()
    server.auth.demandToken('new')
    const tab = await line(server).openTab({ wanted: [{ channel: 'private-a' }], hasCredentials: true })
    await giveCredentials(tab, 0, { token: 'old' })
    await giveCredentials(tab, 1, { token: 'old, too' })
    const { error } = await tab.notice('subscription', ({ state }) => state === 'refused')
    expect(error).toMatchObject({ details: { status: 401 } })
    expect(server.auth.log).toHaveLength(2)
  })

  it('takes headers and parameters made of the credentials', async () => {
    const server = await serve()
    server.auth.demandToken('secret')
    const endpoint = {
      endpoint: `${server.url}/pusher/auth`,
      headers: (credentials?: { readonly [name: string]: unknown }) => ({
        authorization: `Bearer ${String(credentials?.['key'])}`,
      }),
      params: (credentials?: { readonly [name: string]: unknown }) => ({ user_id: String(credentials?.['user']) }),
    }
    const tab = await line(server, { channelAuthorization: endpoint }).openTab({
      wanted: [{ channel: 'presence-floor' }],
      hasCredentials: true,
    })
    await giveCredentials(tab, 0, { key: 'secret', user: 'dora' })
    await joined(tab, 'presence-floor')
    expect(server.auth.log).toMatchObject([{ user: 'dora', status: 200 }])
  })
})

describe('authorisation by a tab', () => {
  it('asks for each channel, and joins with what it says', async () => {
    const server = await serve()
    const tab = await askingLine(server).openTab({ wanted: [{ channel: 'private-orders' }], hasCredentials: true })
    await giveCredentials(tab, 0, {})
    const request = await wish(tab, 1)
    expect(request).toEqual({ channel: 'private-orders', socketId: expect.stringMatching(/^\d+\.\d+$/) })
    await giveCredentials(tab, 1, { ...server.sdk.authorizeChannel(String(request?.['socketId']), 'private-orders') })
    await joined(tab, 'private-orders')
  })

  it.each([
    [{ token: 'not what was asked for' }, 'the answer is without { auth, channel_data?, shared_secret? }'],
    [{ error: 'only for cooks' }, 'only for cooks'],
    [{ auth: 'key:wrong' }, 'Invalid signature'],
  ])('refuses the join when it says %j', async (answer, why) => {
    const server = await serve()
    const tab = await askingLine(server).openTab({ wanted: [{ channel: 'private-orders' }], hasCredentials: true })
    await giveCredentials(tab, 0, {})
    await giveCredentials(tab, 1, answer)
    const { error } = await tab.notice('subscription', ({ state }) => state === 'refused')
    expect(error).toMatchObject({ code: 'join-refused', message: expect.stringContaining(why) })
  })

  function askingLine(server: PusherServer): NodeLine {
    const { channelAuthorization: _, ...options } = optionsFor(server)
    const started = startNodeLine({ transport: pusher(options), ...FAST })
    ends.push(() => started.close())
    return started
  }
})

describe('sign-in', () => {
  const signedIn = (server: PusherServer, user = 'ann', watchlist = ''): Partial<PusherOptions> => ({
    userAuthentication: { endpoint: `${server.url}/pusher/user-auth`, params: { user_id: user, watchlist } },
  })

  it("hands over the user's own events", async () => {
    const server = await serve()
    const tab = await line(server, signedIn(server)).openTab({ wanted: [{ channel: '#user' }] })
    await joined(tab, '#user')
    expect(server.signins).toEqual(['ann'])
    await server.sdk.sendToUser('ann', 'called', { table: 4 })
    await waitFor(() => heard(tab).length === 1, 'the event')
    expect(heard(tab)).toEqual([['called', { table: 4 }]])
    await tab.ask({ op: 'unsubscribe', channel: '#user' })
    await waitFor(() => server.unsubscriptions.includes('#server-to-user-ann'), 'the leave')
  })

  it('tells who of the watchlist is online: those who were there before, who comes and who goes', async () => {
    const server = await serve()
    const bob = someoneElse(server, 'bob')
    bob.signin()
    await waitFor(() => server.signins.includes('bob'), 'bob')
    const tab = await line(server, signedIn(server, 'ann', 'bob,carol')).openTab({
      wanted: [{ channel: '#watchlist', presence: true }],
    })
    expect((await tab.notice('presence')).change).toEqual({ kind: 'state', members: [{ id: 'bob', states: [] }] })
    someoneElse(server, 'carol').signin()
    await waitFor(() => heard(tab).length === 1, 'carol')
    bob.disconnect()
    await waitFor(() => heard(tab).length === 2, 'bob going')
    expect(heard(tab)).toEqual([
      ['online', { user_ids: ['carol'] }],
      ['offline', { user_ids: ['bob'] }],
    ])
    expect(tab.notices('presence').map(({ change }) => change)).toMatchObject([
      { kind: 'state' },
      { present: [{ id: 'carol' }], gone: [] },
      { present: [], gone: ['bob'] },
    ])
  })

  it('joins a presence channel as that user where the app says no other', async () => {
    const server = await serve()
    const { channelAuthorization: _, ...options } = optionsFor(server, { userAuthentication: 'tab' })
    const started = startNodeLine({ transport: pusher(options), ...FAST })
    ends.push(() => started.close())
    const wanted = [{ channel: 'presence-floor', presence: true }]
    const tab = await started.openTab({ wanted, hasCredentials: true })
    await giveCredentials(tab, 0, {})
    const user = await wish(tab, 1)
    expect(user).toEqual({ socketId: expect.any(String) })
    const id = String(user?.['socketId'])
    await giveCredentials(tab, 1, { ...server.sdk.authenticateUser(id, { id: 'ann', user_info: { name: 'Ann' } }) })
    await waitFor(() => tab.notices('credentials-wanted').length === 3, 'the channel')
    await giveCredentials(tab, 2, { ...server.sdk.authorizeChannel(id, 'presence-floor') })
    expect((await tab.notice('presence')).change).toMatchObject({ members: [{ id: 'ann', states: [{ name: 'Ann' }] }] })
  })

  it('is blocked by a refusal, and goes on with other credentials', async () => {
    const server = await serve()
    server.auth.demandToken('good')
    const tab = await line(server, signedIn(server)).openTab({ wanted: [{ channel: 'orders' }], hasCredentials: true })
    await giveCredentials(tab, 0, { token: 'bad' })
    await tab.notice('status', ({ status, reason }) => status === 'blocked' && reason === 'credentials-refused')
    await waitFor(() => server.connections() === 0, 'no connection')
    await tab.ask({ op: 'signal', signal: 'visible' })
    await giveCredentials(tab, 1, { token: 'good' })
    await joined(tab, 'orders')
  })
})

describe('the connection', () => {
  it.each([
    [4001, 'blocked', 'credentials-refused'],
    [4004, 'offline', 'rate-limited'],
    [4009, 'blocked', 'credentials-refused'],
    [4100, 'offline', 'rate-limited'],
    [4200, 'offline', 'server-restart'],
    [4201, 'offline', 'network'],
    [1000, 'offline', 'server-closed'],
    [1012, 'offline', 'server-restart'],
  ])('closed with %i: the line is %s (%s)', async (code, status, reason) => {
    const server = await serve()
    const tab = await line(server).openTab({ wanted: [{ channel: 'orders' }] })
    await joined(tab, 'orders')
    server.closeAll(code)
    await tab.notice('status', notice => notice.status === status && notice.reason === reason)
  })

  it.each([
    [4001, 'credentials-refused'],
    [4004, 'rate-limited'],
    [4100, 'rate-limited'],
    [4200, 'server-restart'],
  ])('refused with %i: %s', async (code, reason) => {
    const server = await serve()
    server.refuse(code)
    const tab = await line(server).openTab({ wanted: [{ channel: 'orders' }] })
    await tab.notice('status', notice => notice.reason === reason)
    await waitFor(() => server.connections() === 0, 'no connection')
  })

  it('is made anew by the broker alone, one at a time, and channels are joined again', async () => {
    const server = await serve()
    const tab = await line(server).openTab({ wanted: [{ channel: 'orders' }] })
    await joined(tab, 'orders')
    const losses = [async () => server.closeAll(4200), () => server.cut(), async () => server.closeAll(4100)]
    for (const [index, lose] of losses.entries()) {
      await lose()
      await waitFor(() => server.subscriptions.length === index + 2, 'the next join')
    }
    expect(server.peakConnections()).toBe(1)
    const verdicts = () => tab.notices('continuity').map(({ verdict }) => verdict)
    await waitFor(() => verdicts().length === losses.length, 'a word on what was missed')
    expect(verdicts()).toEqual(['unknown', 'unknown', 'unknown'])
  })

  it('is found dead when it has gone silent', async () => {
    const server = await serve()
    const tab = await line(server, { activityTimeoutMs: 100, pongTimeoutMs: 100 }).openTab({
      wanted: [{ channel: 'orders' }],
    })
    await joined(tab, 'orders')
    server.silence()
    await tab.notice('status', ({ reason }) => reason === 'network')
    await waitFor(() => server.subscriptions.length === 2, 'the second join')
  })

  it('notices at once that nobody is there, and comes back to a restarted server', async () => {
    const server = await startPusherServer()
    const shared = line(server)
    const tab = await shared.openTab({ wanted: [{ channel: 'orders' }] })
    await joined(tab, 'orders')
    await server.close()
    await waitFor(() => shared.broker.stats().connection.failures >= 3, 'three attempts')
    const again = await serve({ port: server.port })
    await waitFor(() => again.subscriptions.length === 1, 'the join at the new server')
  })
})

describe('encrypted channels', () => {
  const CHANNEL = 'private-encrypted-notes'

  it('are opened with the key that the endpoint gives', async () => {
    const server = await serve()
    const started = startNodeLine({ transport: encryptedPusher(optionsFor(server)), ...FAST })
    ends.push(() => started.close())
    const tab = await started.openTab({ wanted: [{ channel: CHANNEL }] })
    await joined(tab, CHANNEL)
    await server.sdk.trigger(CHANNEL, 'written', { text: 'grüezi' })
    await waitFor(() => events(tab).length === 1, 'the event')
    expect(events(tab)).toEqual([['written', { text: 'grüezi' }]])
  })

  it('ask for the key again when it has changed, and tell what they cannot open at all', async () => {
    const server = await serve()
    const { channelAuthorization: _, ...options } = optionsFor(server)
    const started = startNodeLine({ transport: encryptedPusher(options), ...FAST })
    ends.push(() => started.close())
    const tab = await started.openTab({ wanted: [{ channel: CHANNEL }], hasCredentials: true })
    const wrongKey = { shared_secret: Buffer.alloc(32, 1).toString('base64') }
    await giveCredentials(tab, 0, {})
    const socketId = String((await wish(tab, 1))?.['socketId'])
    const right = { ...server.sdk.authorizeChannel(socketId, CHANNEL) }
    await giveCredentials(tab, 1, { ...right, ...wrongKey })
    await joined(tab, CHANNEL)
    await server.sdk.trigger(CHANNEL, 'written', 1)
    await giveCredentials(tab, 2, { ...right, ...wrongKey })
    expect(await tab.notice('continuity')).toMatchObject({ verdict: 'gap', missed: 1 })
    await server.sdk.trigger(CHANNEL, 'written', 2)
    await server.sdk.trigger(CHANNEL, 'written', 3)
    await giveCredentials(tab, 3, right)
    await waitFor(() => events(tab).length === 2, 'both events')
    expect(events(tab)).toEqual([
      ['written', 2],
      ['written', 3],
    ])
  })

  it('do not stop for an endpoint that does not answer: what was lost is told before the next event', async () => {
    const server = await serve()
    const endpoint = await startHangingEndpoint(server)
    const own = { channelAuthorization: { endpoint: endpoint.url }, keyTimeoutMs: 200 }
    const started = startNodeLine({ transport: encryptedPusher(optionsFor(server, own)), ...FAST })
    ends.push(() => started.close())
    const raw = toChannelId({ name: CHANNEL, params: { raw: true } })
    const tab = await started.openTab({ wanted: [{ channel: CHANNEL }, { channel: raw }] })
    await joined(tab, CHANNEL)
    await joined(tab, raw)
    for (let n = 1; n <= 20; n++) await server.sdk.trigger(CHANNEL, 'written', n)
    const missed = (): number =>
      tab.notices('continuity').reduce((sum, word) => sum + (word.verdict === 'gap' ? (word.missed ?? 0) : 0), 0)
    await waitFor(() => missed() === 2 * 20, 'the gap of each channel')
    endpoint.answerRightly()
    await server.sdk.trigger(CHANNEL, 'written', 'next')
    await waitFor(() => events(tab).length === 2, 'the next event in each channel')
    expect(events(tab)).toEqual([
      ['written', 'next'],
      ['written', 'next'],
    ])
    expect(started.broker.stats().connection).toMatchObject({ opened: 1, lost: 0 })
  })

  it('take nothing that comes before there is a key, not even in the clear', async () => {
    const server = await serve()
    server.auth.refuseChannel(CHANNEL)
    const started = startNodeLine({ transport: encryptedPusher(optionsFor(server)), ...FAST })
    ends.push(() => started.close())
    const tab = await started.openTab({ wanted: [{ channel: CHANNEL }, { channel: 'orders' }] })
    await tab.notice('subscription', ({ state }) => state === 'refused')
    await joined(tab, 'orders')
    server.sendRaw(JSON.stringify({ event: 'written', channel: CHANNEL, data: '"forged"' }))
    server.tick('orders')
    await waitFor(() => events(tab).length === 1, 'the event behind it')
    expect(events(tab)).toEqual([['tick', { n: 1 }]])
    expect(started.broker.stats().traffic).toMatchObject({ malformed: 1, eventsUnrouted: 0 })
  })

  const events = (tab: NodeTab): unknown[][] => heard(tab).filter(([event]) => event !== COUNT)
})

/** An app that gives a wrong key the first time, and from then on says nothing until it answers rightly. */
async function startHangingEndpoint({ sdk }: PusherServer): Promise<{ readonly url: string; answerRightly(): void }> {
  const wrongKey = { shared_secret: Buffer.alloc(32, 1).toString('base64') }
  let asked = 0
  let isRight = false
  const http = createServer((request, response) => {
    void readBody(request).then(body => {
      const fields = new URLSearchParams(body)
      const right = sdk.authorizeChannel(fields.get('socket_id') ?? '', fields.get('channel_name') ?? '')
      response.setHeader('content-type', 'application/json')
      if (isRight) response.end(JSON.stringify(right))
      else if (asked++ === 0) response.end(JSON.stringify({ ...right, ...wrongKey }))
    })
  })
  const port = await listen(http)
  ends.push(() => {
    http.closeAllConnections()
    http.close()
  })
  return {
    url: `http://127.0.0.1:${port}/auth`,
    answerRightly() {
      isRight = true
    },
  }
}

describe('timers of the library', () => {
  it.each<[string, (server: PusherServer) => unknown]>([
    ['closed with 1001', server => server.closeAll(1001)],
    ['closed with 4100', server => server.closeAll(4100)],
    ['closed with 4200', server => server.closeAll(4200)],
    ['closed with 4001', server => server.closeAll(4001)],
    ['cut', server => server.cut()],
    ['silent', server => server.silence()],
  ])('none is left behind by a connection that is %s', async (_, end) => {
    const pending = libraryTimers()
    const server = await serve()
    const link = bareLink(server)
    await link.open()
    await link.join('orders')
    expect(pending.size).toBeGreaterThan(0)
    await end(server)
    await link.lost()
    expect(pending.size).toBe(0)
    await link.open()
    link.close()
    await noneButSends(pending)
  })

  it.each<[string, (server: PusherServer) => unknown]>([
    ['refused for now', server => server.refuse(4100)],
    ['refused at once', server => server.refuse(4200)],
    ['refused for good', server => server.refuse(4001)],
    ['asked to use TLS', server => server.refuse(4000)],
    ['not answered at all', server => server.close()],
  ])('none is left behind by an attempt that is %s', async (_, refuse) => {
    const pending = libraryTimers()
    const server = await startPusherServer()
    ends.push(() => server.close().catch(() => undefined))
    await refuse(server)
    await expect(bareLink(server).open()).rejects.toBeInstanceOf(UpstreamError)
    await noneButSends(pending)
  })

  it('none is left behind by an attempt that is given up', async () => {
    const pending = libraryTimers()
    const server = await serve()
    const abort = new AbortController()
    const opening = bareLink(server).open(abort.signal)
    abort.abort(new UpstreamError('network', 'given up'))
    await expect(opening).rejects.toMatchObject({ message: 'given up' })
    await noneButSends(pending)
    await waitFor(() => server.connections() === 0, 'no connection')
  })

  /** Those that run now and were started by pusher-js. */
  function libraryTimers(): ReadonlySet<unknown> {
    const pending = new Set<unknown>()
    const { setTimeout: set, clearTimeout: clear } = globalThis
    globalThis.setTimeout = ((callback: () => void, ms?: number) => {
      const timer = set(() => {
        pending.delete(timer)
        callback()
      }, ms)
      const [, , caller = ''] = new Error('where').stack?.split('\n') ?? []
      if (caller.includes('pusher.worker')) pending.add(timer)
      return timer
    }) as typeof set
    globalThis.clearTimeout = timer => {
      pending.delete(timer)
      clear(timer)
    }
    ends.push(() => Object.assign(globalThis, { setTimeout: set, clearTimeout: clear }))
    return pending
  }

  /** The library hands what it sends over a turn later. */
  async function noneButSends(pending: ReadonlySet<unknown>): Promise<void> {
    await new Promise(resolve => setTimeout(resolve, 1))
    expect(pending.size).toBe(0)
  }
})

/** A link without a broker above it. */
function bareLink(server: PusherServer) {
  let lost: UpstreamError | undefined
  const nothing = (): void => {}
  const link = pusher(optionsFor(server, { activityTimeoutMs: 100, pongTimeoutMs: 100 })).create({
    event: nothing,
    continuity: nothing,
    channelLost: nothing,
    presence: nothing,
    degraded: nothing,
    malformed: nothing,
    authorise: () => Promise.reject(new UpstreamError('no-credentials', 'nobody is there')),
    lost(error) {
      lost = error
    },
  })
  ends.push(() => link.close())
  return {
    open: (signal = new AbortController().signal) => link.open({ credentials: undefined, signal }),
    join: (channel: string) => link.join(channel, new AbortController().signal),
    lost: () => waitFor(() => lost, 'the loss'),
    close: () => link.close(),
  }
}

it.each<[string, Partial<PusherOptions>, RegExp]>([
  ['a relative endpoint', { channelAuthorization: { endpoint: '/pusher/auth' } }, /absolute URL/],
  ['a relative endpoint for users', { userAuthentication: { endpoint: 'user-auth' } }, /absolute URL/],
  ['a host with a scheme', { host: 'https://example.com' }, /a name alone/],
  ['both a cluster and a host', { cluster: 'eu' }, /either a cluster/],
  ['no key', { key: '' }, /key/],
])('refuses %s when the broker starts, so that the tabs hear of it', (_, wrong, sentence) => {
  const transport = pusher({ key: 'key', host: 'example.com', ...wrong })
  expect(() => startNodeLine({ transport })).toThrow(
    expect.objectContaining({ code: 'bad-options', message: expect.stringMatching(sentence) }),
  )
})

async function wish(tab: NodeTab, nth: number): Promise<{ readonly [field: string]: unknown } | undefined> {
  return (await waitFor(() => tab.notices('credentials-wanted')[nth], 'the broker asking')).request
}

async function giveCredentials(
  tab: NodeTab,
  nth: number,
  credentials: { readonly [field: string]: unknown },
): Promise<void> {
  const { id } = await waitFor(() => tab.notices('credentials-wanted')[nth], 'the broker asking')
  await tab.ask({ op: 'credentials', id, credentials })
}

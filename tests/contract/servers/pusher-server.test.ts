import { once } from 'node:events'
import Sdk from 'pusher'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { WebSocket } from 'ws'
import { waitFor } from '../../support/line/wait-for.ts'
import {
  openPusherClient,
  type PusherClient,
  type PusherClientOptions,
} from '../../support/servers/pusher/pusher-client.ts'
import {
  startPusherServer,
  type PusherServer,
  type PusherServerOptions,
} from '../../support/servers/pusher/pusher-server.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function serve(options?: PusherServerOptions): Promise<PusherServer> {
  const server = await startPusherServer(options)
  ends.push(() => server.close())
  return server
}

function open(server: PusherServer, options?: PusherClientOptions): PusherClient {
  const client = openPusherClient(server, options)
  ends.push(() => client.disconnect())
  return client
}

async function connect(server: PusherServer, options?: PusherClientOptions): Promise<PusherClient> {
  const client = open(server, options)
  await inState(client, 'connected')
  return client
}

const inState = (client: PusherClient, state: string): Promise<unknown> =>
  waitFor(() => client.connection.state === state, state)

interface Heard {
  readonly event: string
  readonly data: unknown
}

/** Subscribes, waits for the server's answer, and notes all that comes on the channel from the beginning. */
async function join(client: PusherClient, name: string): Promise<Heard[]> {
  const heard: Heard[] = []
  client.subscribe(name).bind_global((event: string, data: unknown) => heard.push({ event, data }))
  await waitFor(
    () => heard.some(({ event }) => /^pusher:subscription_(succeeded|error)$/.test(event)),
    `joining ${name}`,
  )
  return heard
}

const named = (heard: readonly Heard[], event: string): unknown[] =>
  heard.flatMap(one => (one.event === event ? [one.data] : []))

interface ServerError {
  readonly code: number | null
  readonly message: string
}

/** Where the server's error ended a connection, the library tells it once as such and once as the reason of the end. */
interface LibraryError {
  readonly data?: ServerError
  readonly error?: { readonly data?: ServerError }
}

/** Errors of the connection, as the library tells them. */
function errorsOf(client: PusherClient): readonly ServerError[] {
  const errors: ServerError[] = []
  client.connection.bind('error', ({ data, error }: LibraryError) => {
    const told = data ?? error?.data
    if (told !== undefined && !errors.includes(told)) errors.push(told)
  })
  return errors
}

describe('channels', () => {
  it('carries events of the server library to a public channel, in order', async () => {
    const server = await serve()
    const heard = await join(await connect(server), 'orders')
    await server.sdk.trigger(['orders', 'elsewhere'], 'placed', { table: 4 })
    for (let n = 0; n < 50; n++) server.tick('orders')
    await waitFor(() => named(heard, 'tick').length === 50, '50 events')
    expect(named(heard, 'placed')).toEqual([{ table: 4 }])
    expect(named(heard, 'tick')).toEqual(Array.from({ length: 50 }, (_, index) => ({ n: index + 1 })))
  })

  it('sends nothing of a channel that was left', async () => {
    const server = await serve()
    const client = await connect(server)
    const left = await join(client, 'left')
    const kept = await join(client, 'kept')
    client.unsubscribe('left')
    await waitFor(() => server.unsubscriptions.length === 1, 'the unsubscription')
    server.tick('left')
    server.tick('kept')
    await waitFor(() => named(kept, 'tick').length === 1, 'the event of the other')
    expect(named(left, 'tick')).toEqual([])
    expect(server.subscriptions).toEqual(['left', 'kept'])
    expect(server.subscriptionCount('left')).toBe(0)
  })

  it('counts the subscriptions of a channel', async () => {
    const server = await serve()
    const heard = await join(await connect(server), 'orders')
    const second = await connect(server)
    await join(second, 'orders')
    await waitFor(() => named(heard, 'pusher:subscription_count').length === 2, 'the second count')
    second.disconnect()
    await waitFor(() => named(heard, 'pusher:subscription_count').length === 3, 'the third count')
    expect(named(heard, 'pusher:subscription_count')).toEqual([1, 2, 1].map(count => ({ subscription_count: count })))
  })

  it('lets nobody join a private channel without a signature', async () => {
    const server = await serve()
    const heard = await join(await connect(server), 'private-orders')
    expect(heard[0]).toMatchObject({ event: 'pusher:subscription_succeeded' })
    const forged = await connect(server, {
      channelAuthorization: { customHandler: (_, answer) => answer(null, { auth: 'key:0123' }) },
    })
    expect(await join(forged, 'private-orders')).toMatchObject([
      { event: 'pusher:subscription_error', data: { type: 'AuthError', status: 401 } },
    ])
    expect(server.subscriptionCount('private-orders')).toBe(1)
  })

  it('tells who is on a presence channel, each user once', async () => {
    const server = await serve()
    const heard = await join(await connect(server, { user: 'ann' }), 'presence-floor')
    const tabs = [await connect(server, { user: 'bob' }), await connect(server, { user: 'bob' })]
    for (const tab of tabs) await join(tab, 'presence-floor')
    expect(tabs.at(-1)?.channel('presence-floor')).toHaveProperty('members.count', 2)
    expect(tabs.at(-1)?.channel('presence-floor')).toHaveProperty('members.members', {
      ann: { name: 'The user ann' },
      bob: { name: 'The user bob' },
    })
    tabs[0]?.disconnect()
    await waitFor(() => server.subscriptionCount('presence-floor') === 2, 'one tab of bob gone')
    server.tick('presence-floor')
    await waitFor(() => named(heard, 'tick').length === 1, 'all that came before')
    expect(named(heard, 'pusher:member_removed')).toEqual([])
    tabs[1]?.disconnect()
    await waitFor(() => named(heard, 'pusher:member_removed').length === 1, 'bob gone')
    expect(named(heard, 'pusher:member_added')).toEqual([{ id: 'bob', info: { name: 'The user bob' } }])
  })

  it('takes no more members than a presence channel may have, but more tabs of one', async () => {
    const server = await serve({ maxMembers: 1 })
    await join(await connect(server, { user: 'ann' }), 'presence-floor')
    expect(await join(await connect(server, { user: 'ann' }), 'presence-floor')).toMatchObject([
      { event: 'pusher:subscription_succeeded' },
    ])
    expect(await join(await connect(server, { user: 'bob' }), 'presence-floor')).toMatchObject([
      { event: 'pusher:subscription_error', data: { type: 'LimitReached', status: 4004 } },
    ])
  })

  it.each(['cache-menu', 'private-cache-menu', 'presence-cache-menu'])('keeps the last event of %s', async name => {
    const server = await serve()
    const first = await join(await connect(server), name)
    await waitFor(() => named(first, 'pusher:cache_miss').length === 1, 'the miss')
    server.tick(name)
    server.tick(name)
    const second = await join(await connect(server), name)
    await waitFor(() => named(second, 'tick').length === 1, 'the kept event')
    expect(named(second, 'tick')).toEqual([{ n: 2 }])
    expect(named(second, 'pusher:cache_miss')).toEqual([])
    server.forgetCached()
    const third = await join(await connect(server), name)
    await waitFor(() => named(third, 'pusher:cache_miss').length === 1, 'a miss again')
  })

  it('keeps no client event for those who come later', async () => {
    const server = await serve()
    const client = await connect(server)
    await join(client, 'private-cache-menu')
    client.channel('private-cache-menu').trigger('client-waved', {})
    await waitFor(() => server.clientEvents.length === 1, 'the client event')
    const heard = await join(await connect(server), 'private-cache-menu')
    await waitFor(() => named(heard, 'pusher:cache_miss').length === 1, 'the miss')
  })

  it('passes on what it cannot read on an encrypted channel', async () => {
    const server = await serve()
    const onTheWire: string[] = []
    const heard = await join(await connect(server), 'private-encrypted-orders')
    const spy = await rawClient(server, frame => onTheWire.push(frame))
    const { socket_id: socketId } = JSON.parse(spy.established) as { socket_id: string }
    const { auth } = server.sdk.authorizeChannel(socketId, 'private-encrypted-orders')
    spy.send({ event: 'pusher:subscribe', data: { channel: 'private-encrypted-orders', auth } })
    await waitFor(() => server.subscriptionCount('private-encrypted-orders') === 2, 'both')
    await server.sdk.trigger('private-encrypted-orders', 'placed', { secret: 'caviar' })
    await waitFor(() => named(heard, 'placed').length === 1, 'the event')
    await waitFor(() => onTheWire.some(frame => frame.includes('ciphertext')), 'the ciphertext')
    expect(named(heard, 'placed')).toEqual([{ secret: 'caviar' }])
    expect(onTheWire.join('')).not.toContain('caviar')
  })

  it('refuses a second subscription of one connection, and a name that is none', async () => {
    const server = await serve()
    const raw = await rawClient(server)
    for (const channel of ['orders', 'orders', 'no name']) raw.send({ event: 'pusher:subscribe', data: { channel } })
    await waitFor(() => raw.errors().length === 2, 'two errors')
    expect(raw.errors()).toEqual([
      { code: null, message: 'Existing subscription to channel orders' },
      { code: null, message: 'Invalid channel name no name' },
    ])
  })
})

describe('client events', () => {
  it('reach the others on private and presence channels, and never the sender', async () => {
    const server = await serve()
    const [ann, bob] = [await connect(server, { user: 'ann' }), await connect(server, { user: 'bob' })]
    for (const name of ['private-floor', 'presence-floor']) {
      const [own, other] = [await join(ann, name), await join(bob, name)]
      const senders: (string | undefined)[] = []
      bob
        .channel(name)
        .bind('client-waved', (_: unknown, { user_id: sender }: { user_id?: string }) => senders.push(sender))
      ann.channel(name).trigger('client-waved', { at: 'bob' })
      bob.channel(name).trigger('client-waved', { at: 'ann' })
      await waitFor(() => [own, other].every(heard => named(heard, 'client-waved').length > 0), 'both')
      expect(named(own, 'client-waved')).toEqual([{ at: 'ann' }])
      expect(named(other, 'client-waved')).toEqual([{ at: 'bob' }])
      expect(senders).toEqual([name === 'presence-floor' ? 'ann' : undefined])
    }
    expect(server.clientEvents.map(({ channel, user }) => [channel, user])).toEqual([
      ['private-floor', undefined],
      ['private-floor', undefined],
      ['presence-floor', 'ann'],
      ['presence-floor', 'bob'],
    ])
  })

  it('are refused on public channels, on encrypted ones, and where the sender has not joined', async () => {
    const server = await serve()
    const client = await connect(server)
    const errors = errorsOf(client)
    for (const name of ['orders', 'private-encrypted-orders']) await join(client, name)
    for (const name of ['orders', 'private-encrypted-orders', 'private-other'])
      client.send_event('client-waved', {}, name)
    await waitFor(() => errors.length === 3, 'three refusals')
    expect(errors.map(({ message }) => message)).toEqual([
      'Client events are for private and presence channels, not for orders',
      'Client events are for private and presence channels, not for private-encrypted-orders',
      'Client event on private-other, which the connection has not joined',
    ])
    expect(server.clientEvents).toEqual([])
    expect(client.connection.state).toBe('connected')
  })

  it('are refused with error 4301 from the eleventh in a second on', async () => {
    const server = await serve()
    const client = await connect(server)
    const errors = errorsOf(client)
    await join(client, 'private-floor')
    for (let n = 1; n <= 12; n++) client.channel('private-floor').trigger('client-waved', { n })
    await waitFor(() => errors.length === 2, 'two refusals')
    expect(errors.map(({ code }) => code)).toEqual([4301, 4301])
    expect(server.clientEvents.map(({ data }) => data)).toEqual(
      Array.from({ length: 10 }, (_, index) => ({ n: index + 1 })),
    )
    expect(client.connection.state).toBe('connected')
  })
})

describe('users', () => {
  it('sign in, and get events of their own on all their connections', async () => {
    const server = await serve()
    const tabs = [await signedIn(server, 'ann'), await signedIn(server, 'ann'), await signedIn(server, 'bob')]
    const heard = tabs.map(() => [] as unknown[])
    for (const [index, { user }] of tabs.entries()) user.bind('bell', (data: unknown) => heard[index]?.push(data))
    await server.sdk.sendToUser('ann', 'bell', { table: 4 })
    await server.sdk.sendToUser('bob', 'bell', { table: 5 })
    await waitFor(() => heard.flat().length === 3, 'three bells')
    expect(heard).toEqual([[{ table: 4 }], [{ table: 4 }], [{ table: 5 }]])
    expect(server.signins).toEqual(['ann', 'ann', 'bob'])
  })

  it('may only listen to themselves', async () => {
    const server = await serve()
    const raw = await rawClient(server)
    raw.send({ event: 'pusher:subscribe', data: { channel: '#server-to-user-ann', auth: '' } })
    await waitFor(() => raw.heard.some(({ event }) => event === 'pusher:subscription_error'), 'the refusal')
  })

  it('join presence channels as who they have signed in as', async () => {
    const server = await serve()
    const ann = await signedIn(server, 'ann', {
      channelAuthorization: {
        customHandler: ({ socketId, channelName }, answer) =>
          answer(null, server.sdk.authorizeChannel(socketId, channelName)),
      },
    })
    await join(ann, 'presence-floor')
    const { users } = (await (await server.sdk.get({ path: '/channels/presence-floor/users' })).json()) as {
      users: object
    }
    expect(users).toEqual([{ id: 'ann' }])
  })

  it('hear who of their watchlist comes and goes', async () => {
    const server = await serve()
    const heard: [string, readonly string[]][] = []
    await signedIn(server, 'bob')
    const ann = open(server, { user: 'ann', watchlist: ['bob', 'cy'] })
    for (const change of ['online', 'offline'])
      ann.user.watchlist.bind(change, ({ user_ids: ids }: { user_ids: string[] }) => heard.push([change, ids]))
    ann.signin()
    await waitFor(() => heard.length === 2, 'the state of things')
    const tabs = [await signedIn(server, 'cy'), await signedIn(server, 'cy')]
    tabs[0]?.disconnect()
    await waitFor(() => server.connections() === 3, 'one tab of cy gone')
    expect(heard.length).toBe(3)
    tabs[1]?.disconnect()
    await waitFor(() => heard.length === 4, 'both changes')
    expect(heard).toEqual([
      ['online', ['bob']],
      ['offline', ['cy']],
      ['online', ['cy']],
      ['offline', ['cy']],
    ])
  })

  it('are put out on all their connections when the app says so', async () => {
    const server = await serve()
    const [ann, bob] = [await signedIn(server, 'ann'), await signedIn(server, 'bob')]
    const errors = errorsOf(ann)
    await server.sdk.terminateUserConnections('ann')
    await inState(ann, 'disconnected')
    expect(errors).toEqual([{ code: 4009, message: 'You got disconnected by the app' }])
    expect(bob.connection.state).toBe('connected')
  })

  it('are closed with 4009 when their signature is wrong, or when they do not sign in where they must', async () => {
    const server = await serve({ signinWithinMs: 200 })
    const forged = open(server, {
      userAuthentication: { customHandler: (_, answer) => answer(null, { auth: 'key:0', user_data: '{"id":"ann"}' }) },
    })
    const idle = open(server)
    const errors = [errorsOf(forged), errorsOf(idle)]
    forged.signin()
    await Promise.all([inState(forged, 'disconnected'), inState(idle, 'disconnected')])
    expect(errors.map(([error]) => error?.code)).toEqual([4009, 4009])
    expect(server.signins).toEqual([])
  })

  async function signedIn(server: PusherServer, user: string, options?: PusherClientOptions): Promise<PusherClient> {
    const client = await connect(server, { user, ...options })
    client.signin()
    await client.user.signinDonePromise
    await waitFor(() => client.user.serverToUserChannel.subscribed, `${user}'s own channel`)
    return client
  }
})

describe('auth endpoints', () => {
  it('refuse a user, a channel, and whoever has no token', async () => {
    const server = await serve()
    server.auth.refuseUser('eve')
    server.auth.refuseChannel('private-till')
    const statusOf = async (name: string, options?: PusherClientOptions): Promise<unknown> =>
      (await join(await connect(server, options), name))[0]?.data
    expect(await statusOf('private-orders', { user: 'eve' })).toMatchObject({ type: 'AuthError', status: 403 })
    expect(await statusOf('private-till', { user: 'ann' })).toMatchObject({ type: 'AuthError', status: 403 })
    server.auth.demandToken('t1')
    expect(await statusOf('private-orders')).toMatchObject({ type: 'AuthError', status: 401 })
    expect(await statusOf('private-orders', { headers: { authorization: 'Bearer t1' } })).toEqual({})
    expect(server.auth.log.map(({ user, status }) => [user, status])).toEqual([
      ['eve', 403],
      ['ann', 403],
      ['guest', 401],
      ['guest', 200],
    ])
  })

  it('refuse a sign-in', async () => {
    const server = await serve()
    server.auth.refuseUser('eve')
    const eve = await connect(server, { user: 'eve' })
    const refusals: unknown[] = []
    eve.user.bind('pusher:signin_error', (error: unknown) => refusals.push(error))
    eve.signin()
    await waitFor(() => refusals.length === 1, 'the refusal')
    expect(refusals).toMatchObject([{ type: 'AuthError', status: 403 }])
  })

  it('answer pages of other origins', async () => {
    const server = await serve()
    const response = await fetch(`${server.url}/pusher/auth`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-headers': 'authorization' },
    })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(response.headers.get('access-control-allow-headers')).toBe('authorization')
  })
})

describe('HTTP API', () => {
  const ask = async (server: PusherServer, path: string, params = {}): Promise<unknown> =>
    (await server.sdk.get({ path, params })).json()

  it('leaves out the socket that caused an event', async () => {
    const server = await serve()
    const [ann, bob] = [await connect(server), await connect(server)]
    const [own, other] = [await join(ann, 'orders'), await join(bob, 'orders')]
    await server.sdk.trigger('orders', 'placed', { by: 'ann' }, { socket_id: ann.connection.socket_id })
    server.tick('orders')
    await waitFor(() => [own, other].every(heard => named(heard, 'tick').length === 1), 'the event after it')
    expect([own, other].map(heard => named(heard, 'placed').length)).toEqual([0, 1])
  })

  it('takes several events at once', async () => {
    const server = await serve()
    const client = await connect(server)
    const [orders, secret] = [await join(client, 'orders'), await join(client, 'private-encrypted-orders')]
    const response = await server.sdk.triggerBatch([
      { channel: 'orders', name: 'placed', data: { n: 1 }, info: 'subscription_count' },
      { channel: 'private-encrypted-orders', name: 'placed', data: { n: 2 } },
    ])
    await waitFor(() => named(orders, 'placed').length + named(secret, 'placed').length === 2, 'both events')
    expect(named(secret, 'placed')).toEqual([{ n: 2 }])
    expect(await response.json()).toEqual({ batch: [{ subscription_count: 1 }, {}] })
  })

  it('tells which channels are occupied, and by whom', async () => {
    const server = await serve()
    const [ann, bob] = [await connect(server, { user: 'ann' }), await connect(server, { user: 'bob' })]
    for (const client of [ann, bob]) await join(client, 'presence-floor')
    await join(ann, 'cache-menu')
    server.tick('cache-menu')
    expect(await ask(server, '/channels')).toEqual({ channels: { 'presence-floor': {}, 'cache-menu': {} } })
    expect(await ask(server, '/channels', { filter_by_prefix: 'presence-', info: 'user_count' })).toEqual({
      channels: { 'presence-floor': { user_count: 2 } },
    })
    expect(await ask(server, '/channels/presence-floor', { info: 'user_count,subscription_count' })).toEqual({
      occupied: true,
      user_count: 2,
      subscription_count: 2,
    })
    expect(await ask(server, '/channels/cache-menu', { info: 'cache' })).toEqual({
      occupied: true,
      cache: { data: '{"n":1}' },
    })
    expect(await ask(server, '/channels/nowhere')).toEqual({ occupied: false })
    expect(await ask(server, '/channels/presence-floor/users')).toEqual({ users: [{ id: 'ann' }, { id: 'bob' }] })
    const response = await server.sdk.trigger(
      ['presence-floor', 'nowhere'],
      'bell',
      {},
      { info: 'user_count,subscription_count' },
    )
    expect(await response.json()).toEqual({
      channels: { 'presence-floor': { user_count: 2, subscription_count: 2 }, nowhere: { subscription_count: 0 } },
    })
    bob.disconnect()
    ann.unsubscribe('presence-floor')
    await waitFor(() => server.subscriptionCount('presence-floor') === 0, 'nobody on the floor')
    expect(await ask(server, '/channels')).toEqual({ channels: { 'cache-menu': {} } })
  })

  it('refuses what is not signed with the secret, for another body, or long ago', async () => {
    const server = await serve()
    const { app } = server
    const ownSdk = (secret: string): Sdk => new Sdk({ appId: app.id, key: app.key, secret, host: '127.0.0.1' })
    const path = '/apps/app/events'
    const [body, otherBody] = [1, 2].map(n => JSON.stringify({ name: 'placed', data: `${n}`, channels: ['orders'] }))
    const statusOf = async (sdk: Sdk, signedBody?: string): Promise<number> => {
      const query = sdk.createSignedQueryString({ method: 'POST', path, ...(signedBody && { body: signedBody }) })
      return (await fetch(`${server.url}${path}?${query}`, { method: 'POST', body: body ?? '' })).status
    }
    expect(await statusOf(ownSdk(app.secret), body)).toBe(200)
    expect(await statusOf(ownSdk('guessed'), body)).toBe(401)
    expect(await statusOf(ownSdk(app.secret), otherBody)).toBe(401)
    expect(await statusOf(ownSdk(app.secret))).toBe(401)
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 700_000 })
    const query = ownSdk(app.secret).createSignedQueryString({ method: 'GET', path: '/apps/app/channels' })
    vi.useRealTimers()
    expect((await fetch(`${server.url}/apps/app/channels?${query}`)).status).toBe(401)
  })

  it('refuses what is too big or makes no sense', async () => {
    const server = await serve()
    await expect(server.sdk.trigger('orders', 'placed', 'x'.repeat(10_241))).rejects.toMatchObject({ status: 413 })
    await expect(server.sdk.get({ path: '/channels/orders/users' })).rejects.toMatchObject({ status: 400 })
    await expect(server.sdk.get({ path: '/channels', params: { info: 'user_count' } })).rejects.toMatchObject({
      status: 400,
    })
    await expect(server.sdk.get({ path: '/nothing' })).rejects.toMatchObject({ status: 404 })
  })
})

describe('connections', () => {
  it.each([
    ['4001 for an unknown app', '/app/other?protocol=7', 4001],
    ['4005 for an unknown path', '/apps?protocol=7', 4005],
    ['4007 for another version of the protocol', '/app/key?protocol=1', 4007],
    ['4008 for no version', '/app/key', 4008],
  ])('are closed with %s', async (_, path, code) => {
    const server = await serve()
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}${path}`)
    expect((await once(socket, 'close'))[0]).toBe(code)
  })

  it('are closed with 4004 over the quota', async () => {
    const server = await serve({ maxConnections: 1 })
    await connect(server)
    const second = open(server)
    const errors = errorsOf(second)
    await inState(second, 'disconnected')
    expect(errors.map(({ code }) => code)).toEqual([4004])
    expect([server.connections(), server.peakConnections()]).toEqual([1, 1])
  })

  it('are given up by the library after codes from 4001 to 4099', async () => {
    const server = await serve()
    server.refuse(4001)
    const client = open(server)
    await inState(client, 'disconnected')
    server.refuse(undefined)
    client.connect()
    await inState(client, 'connected')
    server.closeAll(4003, 'The app is disabled')
    await inState(client, 'disconnected')
  })

  it.each([
    [4100, 'a second later', 1_000, 5_000],
    [4200, 'at once', 0, 900],
  ])('come back after code %i %s', async (code, _, fromMs, toMs) => {
    const server = await serve()
    const client = await connect(server)
    const socketId = client.connection.socket_id
    const closedAt = performance.now()
    server.closeAll(code)
    await waitFor(() => client.connection.socket_id !== socketId, 'another connection')
    const tookMs = performance.now() - closedAt
    expect(tookMs).toBeGreaterThan(fromMs - 50)
    expect(tookMs).toBeLessThan(toMs)
  })

  it('are tried with TLS after code 4000', async () => {
    const server = await serve()
    const client = await connect(server, { wssPort: 1 })
    const attempts: string[] = []
    client.connection.bind('state_change', ({ current }: { current: string }) => attempts.push(current))
    server.closeAll(4000)
    await waitFor(() => attempts.length > 0 && server.connections() === 0, 'the end')
    expect(attempts[0]).toBe('connecting')
    expect(client.connection.state).not.toBe('connected')
  })

  it('that say nothing are pinged, live when they answer, and are closed with 4201 when they do not', async () => {
    const server = await serve({ activityTimeoutMs: 40, pongTimeoutMs: 200 })
    const client = await connect(server)
    let pings = 0
    client.connection.bind('message', ({ event }: { event: string }) => {
      if (event === 'pusher:ping') pings++
    })
    const mute = await rawClient(server)
    expect(await mute.closed).toBe(4201)
    expect(pings).toBeGreaterThan(1)
    expect(client.connection.state).toBe('connected')
  })

  it('answer a ping of the client', async () => {
    const server = await serve()
    const raw = await rawClient(server)
    raw.send({ event: 'pusher:ping', data: {} })
    await waitFor(() => raw.heard.some(({ event }) => event === 'pusher:pong'), 'the pong')
  })

  it('hear what was wrong with a message that cannot be read, and go on', async () => {
    const server = await serve()
    const raw = await rawClient(server)
    for (const text of ['{', '[]', '{"event":"pusher:subscribe"}', '{"event":"nothing"}']) raw.sendText(text)
    await waitFor(() => raw.errors().length === 4, 'four errors')
    raw.send({ event: 'pusher:ping' })
    await waitFor(() => raw.heard.some(({ event }) => event === 'pusher:pong'), 'the pong')
  })
})

describe('faults', () => {
  it('cut: the library comes back by itself and joins again', async () => {
    const server = await serve()
    const client = await connect(server)
    const heard = await join(client, 'orders')
    await server.cut()
    expect(server.connections()).toBe(0)
    await waitFor(() => named(heard, 'pusher:subscription_succeeded').length === 2, 'joined again')
    expect([server.connections(), server.peakConnections()]).toEqual([1, 1])
  })

  it('silence: a client finds out by its own time-outs only', async () => {
    const server = await serve()
    const client = await connect(server, { activityTimeout: 100, pongTimeout: 100 })
    const heard = await join(client, 'orders')
    await join(client, 'private-floor')
    server.silence()
    server.tick('orders')
    client.channel('private-floor').trigger('client-waved', {})
    await waitFor(() => named(heard, 'pusher:subscription_succeeded').length === 2, 'joined again')
    expect(server.clientEvents).toEqual([])
    expect(named(heard, 'tick')).toEqual([])
    server.tick('orders')
    await waitFor(() => named(heard, 'tick').length === 1, 'events again')
    expect(server.peakConnections()).toBe(2)
  })

  it('raw frames: what is no JSON reaches the client as it is', async () => {
    const server = await serve()
    const client = await connect(server)
    const errors: string[] = []
    client.connection.bind('error', ({ type }: { type: string }) => errors.push(type))
    server.sendRaw('{"event":')
    await waitFor(() => errors.length === 1, 'the error')
    expect(errors).toEqual(['MessageParseError'])
  })

  it('close, and coming back on the same port', async () => {
    const server = await serve()
    const client = await connect(server)
    const heard = await join(client, 'orders')
    await server.close()
    const again = await serve({ port: server.port })
    await waitFor(() => named(heard, 'pusher:subscription_succeeded').length === 2, 'joined again')
    again.tick('orders')
    await waitFor(() => named(heard, 'tick').length === 1, 'the event')
  })
})

interface RawClient {
  /** `data` of `pusher:connection_established`. */
  readonly established: string
  readonly heard: readonly { readonly event: string; readonly data: unknown }[]
  errors(): readonly unknown[]
  send(message: object): void
  sendText(text: string): void
  /** The code that it was closed with. */
  readonly closed: Promise<number>
}

/** A WebSocket that does nothing by itself. */
async function rawClient(server: PusherServer, onFrame: (frame: string) => void = () => {}): Promise<RawClient> {
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/app/key?protocol=7`)
  ends.push(() => socket.terminate())
  const heard: { event: string; data: unknown }[] = []
  socket.on('message', frame => {
    const text = (frame as Buffer).toString()
    onFrame(text)
    heard.push(JSON.parse(text) as { event: string; data: unknown })
  })
  const closed = once(socket, 'close').then(([code]) => code as number)
  const { data } = await waitFor(() => heard[0], 'the greeting')
  return {
    established: String(data),
    heard,
    errors: () => heard.filter(({ event }) => event === 'pusher:error').map(error => error.data),
    send: message => socket.send(JSON.stringify(message)),
    sendText: text => socket.send(text),
    closed,
  }
}

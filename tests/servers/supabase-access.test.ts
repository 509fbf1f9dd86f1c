import { request } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitFor } from '../support/line/wait-for.ts'
import { Clients, joined, subscribe } from '../support/servers/supabase/clients.ts'
import { startSupabaseServer, type SupabaseServer } from '../support/servers/supabase/index.ts'

const clients = new Clients()
let server: SupabaseServer

beforeEach(async () => {
  server = await startSupabaseServer()
})

afterEach(async () => {
  await clients.closeAll()
  await server.close()
})

const isPrivate = { config: { private: true } }

const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds

/** What a join of the private room with this token comes to; without one, that with the public key. */
async function refusalOf(token?: string): Promise<string | undefined> {
  const client = token === undefined ? clients.create(server) : await clients.createSignedIn(server, token)
  const statuses = subscribe(client.channel('room', isPrivate))
  await statuses.reached('CHANNEL_ERROR')
  return statuses.seen[0]?.error?.message
}

/** A client in the private room with this token, and the `system` messages that it got. */
async function enter(token: string) {
  const system: unknown[] = []
  const client = await clients.createSignedIn(server, token)
  const channel = client.channel('room', isPrivate).on('system', {}, message => system.push(message))
  const statuses = subscribe(channel)
  await statuses.reached('SUBSCRIBED')
  return { client, channel, statuses, system }
}

test('a private channel opens to a signed-in user and to the service', async () => {
  await enter(server.token())
  await enter(server.token({ role: 'service_role' }))
})

test('it stays shut without a token, and with one for other topics', async () => {
  const refused = 'Unauthorized: You do not have permissions to read from this Channel topic: room'
  expect(await refusalOf()).toBe(refused)
  expect(await refusalOf(server.token({ scope: 'lobby kitchen' }))).toBe(refused)
  await enter(server.token({ scope: 'lobby room' }))
})

test('a token that is none, is forged, lacks claims or has expired is refused by name', async () => {
  const forged = server.token().replace(/\.[^.]+$/, '.AAAA')
  expect(await refusalOf('nonsense')).toBe('MalformedJWT: The token provided is not a valid JWT')
  expect(await refusalOf(forged)).toBe('JwtSignatureError: Failed to validate JWT signature')
  expect(await refusalOf(server.token({ exp: inSeconds(-5) }))).toMatch(
    /^InvalidJWTToken: Token has expired \d seconds ago$/,
  )
  const roleless = server.token({ role: undefined as never })
  expect(await refusalOf(roleless)).toBe('InvalidJWTToken: Fields `role` and `exp` are required in JWT')
})

test('a refused join can be answered as late as Supabase does', async () => {
  await server.close()
  server = await startSupabaseServer({ joinErrorDelayMs: 100 })
  const started = performance.now()
  expect(await refusalOf()).toContain('Unauthorized')
  expect(performance.now() - started).toBeGreaterThan(99)
})

test('a private room and a public one of the same name do not hear each other', async () => {
  const heard: unknown[] = []
  const inside = await enter(server.token())
  inside.channel.on('broadcast', { event: '*' }, ({ payload }) => heard.push(payload))
  const outside = await joined(clients.create(server).channel('room', { config: { broadcast: { ack: true } } }))
  await outside.send({ type: 'broadcast', event: 'shout', payload: { from: 'outside' } })
  server.broadcast('room', 'shout', { from: 'inside' }, { isPrivate: true })
  await waitFor(() => heard.length === 1, 'the broadcast')
  expect(heard).toEqual([{ from: 'inside' }])
})

test('who may only read is not heard', async () => {
  await server.close()
  server = await startSupabaseServer({
    policy: (_topic, { sub }) => ({ mayRead: true, mayWrite: sub === 'ann' }),
  })
  const heard: unknown[] = []
  const listener = await enter(server.token({ sub: 'bob' }))
  listener.channel.on('broadcast', { event: '*' }, ({ payload }) => heard.push(payload))
  const [reader, writer] = [await enter(server.token({ sub: 'cem' })), await enter(server.token({ sub: 'ann' }))]
  await reader.channel.send({ type: 'broadcast', event: 'shout', payload: { from: 'cem' } })
  expect(await reader.channel.track({ here: true })).toBe('error')
  await writer.channel.send({ type: 'broadcast', event: 'shout', payload: { from: 'ann' } })
  await waitFor(() => heard.length === 1, 'the broadcast')
  expect(heard).toEqual([{ from: 'ann' }])
})

test('when the token of an open channel expires, the channel is closed with the reason', async () => {
  const { statuses, system } = await enter(server.token({ exp: inSeconds(3) }))
  await statuses.reached('CLOSED')
  expect(system).toEqual([
    { extension: 'system', status: 'error', channel: 'room', message: expect.stringMatching(/^Token has expired/) },
  ])
})

test('a channel whose token is renewed in time stays open', async () => {
  const token = server.token({ exp: inSeconds(3) })
  const [renewed, left] = [await enter(token), await enter(token)]
  await renewed.client.realtime.setAuth(server.token({ exp: inSeconds(60) }))
  await left.statuses.reached('CLOSED')
  expect(renewed.channel.state).toBe('joined')
})

test('an open channel that is given a token which may not read is closed', async () => {
  const { client, statuses } = await enter(server.token())
  await client.realtime.setAuth(server.token({ scope: 'lobby' }))
  await statuses.reached('CLOSED')
})

test('a token taken back closes its channels and opens none', async () => {
  const [token, another] = [server.token({ sub: 'ann' }), server.token({ sub: 'bob' })]
  const [ann, bob] = [await enter(token), await enter(another)]
  server.revoke(token)
  await ann.statuses.reached('CLOSED')
  expect(ann.system).toMatchObject([{ status: 'error', message: expect.stringContaining('no longer have permission') }])
  expect(await refusalOf(token)).toContain('Unauthorized')
  expect(bob.channel.state).toBe('joined')
})

test('no connection without a key, or with one that is none', async () => {
  const handshake = (query: string) => fetchUpgrade(`${server.url}/realtime/v1/websocket?vsn=2.0.0${query}`)
  expect(await handshake('')).toEqual([401, { error: 'API key is missing' }])
  expect(await handshake('&apikey=nonsense')).toEqual([401, { error: 'The token provided is not a valid JWT' }])
})

/** The answer to a handshake that is refused. */
function fetchUpgrade(url: string): Promise<readonly [number, unknown]> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'AA==',
    }
    request(url, { headers }, response => {
      void response
        .toArray()
        .then(chunks => resolve([response.statusCode ?? 0, JSON.parse(Buffer.concat(chunks).toString())]))
    })
      .on('error', reject)
      .end()
  })
}

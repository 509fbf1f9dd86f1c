import { afterEach, beforeEach, expect, test } from 'vitest'
import { WebSocket } from 'ws'
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

test('connections are counted, and joins with what they asked for', async () => {
  const [first, second] = [clients.create(server), clients.create(server)]
  await Promise.all([joined(first.channel('a')), joined(second.channel('a')), joined(second.channel('b'))])
  expect([server.connections(), server.peakConnections()]).toEqual([2, 2])
  expect(server.joins.map(({ topic }) => topic).sort()).toEqual(['a', 'a', 'b'])
  expect(server.joins[0]?.config).toMatchObject({ hearsItself: false, isPrivate: false, bindings: [] })
  await first.realtime.disconnect()
  await waitFor(() => server.connections() === 1, 'one to be gone')
  expect(server.peakConnections()).toBe(2)
})

test('after a cut the client comes back and joins again', async () => {
  const statuses = subscribe(clients.create(server).channel('room'))
  await statuses.reached('SUBSCRIBED')
  await server.cut()
  expect(server.connections()).toBe(0)
  await statuses.reached('SUBSCRIBED', 2)
  expect(statuses.seen.map(({ status }) => status)).toEqual(['SUBSCRIBED', 'CHANNEL_ERROR', 'SUBSCRIBED'])
  expect(server.joins).toHaveLength(2)
})

test('a server that comes back on its port is found again', async () => {
  const statuses = subscribe(clients.create(server).channel('room'))
  await statuses.reached('SUBSCRIBED')
  await server.close()
  await statuses.reached('CHANNEL_ERROR')
  server = await startSupabaseServer({ port: server.port })
  await statuses.reached('SUBSCRIBED', 2)
})

test('a silent connection is given up by the heartbeat, and a new one is made', async () => {
  const client = clients.create(server, { heartbeatIntervalMs: 100 })
  const statuses = subscribe(client.channel('room'))
  await statuses.reached('SUBSCRIBED')
  server.silence()
  expect(server.connections()).toBe(1)
  await statuses.reached('SUBSCRIBED', 2)
  expect(server.peakConnections()).toBe(2)
})

test('while connections are refused the client keeps trying', async () => {
  const statuses = subscribe(clients.create(server).channel('room'))
  await statuses.reached('SUBSCRIBED')
  server.refuseConnections(503)
  await server.cut()
  await waitFor(() => server.refusedConnections() >= 3, 'three attempts')
  server.refuseConnections(0)
  await statuses.reached('SUBSCRIBED', 2)
})

test('a channel that crashed is joined again, one that was shut down is not', async () => {
  const client = clients.create(server)
  const [crashed, closed] = ['a', 'b'].map(topic => subscribe(client.channel(topic)))
  await Promise.all([crashed?.reached('SUBSCRIBED'), closed?.reached('SUBSCRIBED')])
  server.crash('a')
  server.shutDown('b', 'for a reason')
  await Promise.all([crashed?.reached('SUBSCRIBED', 2), closed?.reached('CLOSED')])
  expect(server.joins.map(({ topic }) => topic)).toEqual(['a', 'b', 'a'])
})

test('the second join of a topic over one connection ends the first', async () => {
  const { send, next } = await rawClient()
  send(['1', '1', 'realtime:room', 'phx_join', {}])
  expect(await next()).toMatchObject(['1', '1', 'realtime:room', 'phx_reply', { status: 'ok' }])
  send(['2', '2', 'realtime:room', 'phx_join', {}])
  expect(await next()).toEqual(['1', '1', 'realtime:room', 'phx_close', {}])
  expect(await next()).toMatchObject(['2', '2', 'realtime:room', 'phx_reply', { status: 'ok' }])
  server.broadcast('room', 'shout', {})
  send([null, '3', 'phoenix', 'heartbeat', {}])
  // The broadcast came once.
  expect(await next()).toBeInstanceOf(Buffer)
  expect(await next()).toEqual([null, '3', 'phoenix', 'phx_reply', { status: 'ok', response: {} }])
})

test('a message to a topic that was not joined is answered so', async () => {
  const { send, next } = await rawClient()
  send(['1', '2', 'realtime:room', 'broadcast', {}])
  expect(await next()).toEqual([
    '1',
    '2',
    'realtime:room',
    'phx_reply',
    { status: 'error', response: { reason: 'unmatched topic' } },
  ])
})

const nonsense: Readonly<Record<string, string | Buffer>> = {
  'no JSON': 'nonsense',
  'an object in version 2': '{}',
  'too short': '[1,2,3]',
  'without a topic': '[null,null,1,2,{}]',
  empty: Buffer.alloc(0),
  'of an unknown kind': Buffer.from([9, 9]),
  'shorter than it says': Buffer.from([3, 255, 1, 1, 1, 1, 1, 1]),
  'a broadcast of broken JSON': Buffer.from([3, 0, 0, 1, 1, 0, 1, 97, 98, 123]),
}

test.each(Object.entries(nonsense))('a frame that is none ends the connection: %s', async (_what, frame) => {
  const { socket } = await rawClient()
  const closed = new Promise(resolve => socket.once('close', resolve))
  socket.send(frame)
  expect(await closed).toBe(1011)
})

test('what is injected reaches the client as it is', async () => {
  const { next } = await rawClient()
  server.inject('[1')
  server.inject(Buffer.from([4, 200]))
  expect((await next()) as string).toBe('[1')
  expect(await next()).toEqual(Buffer.from([4, 200]))
})

test('too many joins end the connection, too many channels only the join', async () => {
  await server.close()
  server = await startSupabaseServer({ limits: { channelsPerConnection: 2, joinsPerSecond: 4 } })
  const client = clients.create(server)
  await Promise.all(['a', 'b'].map(topic => joined(client.channel(topic))))
  const third = subscribe(client.channel('c'))
  await third.reached('CHANNEL_ERROR')
  expect(third.seen[0]?.error?.message).toBe('ChannelRateLimitReached: Too many channels')
  const { socket, send, next } = await rawClient()
  const closed = new Promise(resolve => socket.once('close', resolve))
  send(['1', '1', 'realtime:d', 'phx_join', {}])
  send(['2', '2', 'realtime:e', 'phx_join', {}])
  await next()
  expect(await next()).toMatchObject([
    '2',
    '2',
    'realtime:e',
    'phx_reply',
    { status: 'error', response: { reason: 'ClientJoinRateLimitReached: Too many joins per second' } },
  ])
  await closed
})

test('too many messages close the channel, with the reason', async () => {
  await server.close()
  server = await startSupabaseServer({ limits: { messagesPerSecond: 10 } })
  const system: unknown[] = []
  const channel = clients
    .create(server)
    .channel('room')
    .on('system', {}, message => system.push(message))
  const statuses = subscribe(channel)
  await statuses.reached('SUBSCRIBED')
  for (let n = 0; n < 11; n++) void channel.send({ type: 'broadcast', event: 'shout', payload: { n } })
  await statuses.reached('CLOSED')
  expect(system).toMatchObject([{ status: 'error', message: 'Too many messages per second' }])
})

test('more connections than allowed are refused', async () => {
  await server.close()
  server = await startSupabaseServer({ limits: { connections: 1 } })
  await joined(clients.create(server).channel('room'))
  const second = subscribe(clients.create(server).channel('room'))
  await second.reached('CHANNEL_ERROR')
  expect([server.peakConnections(), server.refusedConnections() > 0]).toEqual([1, true])
})

/** A client that sends what it is told and gives what comes, frames as what is in them. */
async function rawClient() {
  const socket = new WebSocket(`${server.url}/realtime/v1/websocket?apikey=${server.anonKey}&vsn=2.0.0`)
  const came: unknown[] = []
  socket.on('message', (data: Buffer, isBinary) => came.push(isBinary ? data : readText(data.toString())))
  await new Promise(resolve => socket.once('open', resolve))
  return {
    socket,
    send: (frame: readonly unknown[]) => socket.send(JSON.stringify(frame)),
    next: async () => {
      await waitFor(() => came.length > 0, 'a message')
      return came.shift()
    },
  }
}

function readText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

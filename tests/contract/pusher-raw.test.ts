import '../support/worker-globals.ts'
import { afterEach, expect, it } from 'vitest'
import { pusher, type PusherOptions } from '../../src/worker/transports/pusher.ts'
import { startNodeLine, type NodeLine, type NodeTab } from '../support/line/node-line.ts'
import { waitFor } from '../support/line/wait-for.ts'
import { openPusherClient, type PusherClient } from '../support/servers/pusher/pusher-client.ts'
import { startPusherServer, type PusherServer } from '../support/servers/pusher/pusher-server.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const raw = (name: string): string => `${name}\n{"raw":true}`
const SUCCEEDED = 'pusher_internal:subscription_succeeded'

async function setUp(own: Partial<PusherOptions> = {}): Promise<{ server: PusherServer; line: NodeLine }> {
  const server = await startPusherServer()
  ends.push(() => server.close())
  const { app, port, url } = server
  const channelAuthorization = { endpoint: `${url}/pusher/auth`, params: { user_id: 'ann' } }
  const transport = pusher({ key: app.key, host: '127.0.0.1', port, tls: false, channelAuthorization, ...own })
  const line = startNodeLine({ transport, backoffBaseMs: 50, restartSpreadMs: 50, lingerMs: 20, idleMs: 50 })
  ends.push(() => line.close())
  return { server, line }
}

function someoneElse(server: PusherServer, user: string): PusherClient {
  const client = openPusherClient(server, { user })
  ends.push(() => client.disconnect())
  return client
}

async function infoOf(tab: NodeTab, channel: string): Promise<{ messages: unknown[]; me?: unknown }> {
  const joined = await tab.notice('subscription', notice => notice.channel === channel && notice.state === 'joined')
  return joined.info as { messages: unknown[] }
}

it('tells who joins what the server says, in its words, and who comes later what it would say now', async () => {
  const { server, line } = await setUp()
  const wanted = [{ channel: raw('presence-floor') }]
  const tab = await line.openTab({ wanted })
  const ann = { name: 'The user ann' }
  expect(await infoOf(tab, raw('presence-floor'))).toEqual({
    me: 'ann',
    messages: [{ event: SUCCEEDED, data: { presence: { ids: ['ann'], hash: { ann }, count: 1 } } }],
  })
  const bob = someoneElse(server, 'bob')
  bob.subscribe('presence-floor')
  await waitFor(() => tab.events().length === 1, 'bob')
  const info = { name: 'The user bob' }
  expect(tab.events()[0]?.slice(1, 3)).toEqual(['pusher_internal:member_added', { user_id: 'bob', user_info: info }])
  const late = await line.openTab({ wanted })
  expect(await infoOf(late, raw('presence-floor'))).toMatchObject({
    me: 'ann',
    messages: [{ data: { presence: { ids: ['ann', 'bob'], hash: { ann, bob: info }, count: 2 } } }],
  })
  expect(server.subscriptions.filter(name => name === 'presence-floor')).toHaveLength(2)
})

it('repeats the count and the last event of a cache channel for who comes later', async () => {
  const { server, line } = await setUp()
  const wanted = [{ channel: raw('cache-menu') }]
  const tab = await line.openTab({ wanted })
  await infoOf(tab, raw('cache-menu'))
  await server.sdk.trigger('cache-menu', 'changed', { dish: 1 })
  await server.sdk.trigger('cache-menu', 'changed', { dish: 2 })
  await waitFor(() => tab.events().some(([, , data]) => (data as { dish?: number }).dish === 2), 'the last one')
  const { messages } = await infoOf(await line.openTab({ wanted }), raw('cache-menu'))
  expect(messages).toEqual([
    { event: SUCCEEDED, data: {} },
    { event: 'pusher_internal:subscription_count', data: { subscription_count: 1 } },
    { event: 'changed', data: { dish: 2 } },
  ])
})

it('is one subscription with the same channel of tabs that do not want it raw, until both have left', async () => {
  const { server, line } = await setUp()
  const tab = await line.openTab({ wanted: [{ channel: raw('presence-floor') }] })
  const other = await line.openTab({ wanted: [{ channel: 'presence-floor', presence: true }] })
  await infoOf(tab, raw('presence-floor'))
  expect((await other.notice('presence')).change).toMatchObject({ members: [{ id: 'ann' }] })
  await server.sdk.trigger('presence-floor', 'created', { id: 1 })
  await waitFor(() => tab.events().length + other.events().length === 2, 'the event in both')
  await tab.ask({ op: 'unsubscribe', channel: raw('presence-floor') })
  await server.sdk.trigger('presence-floor', 'created', { id: 2 })
  await waitFor(() => other.events().length === 2, 'the next event')
  expect([server.subscriptions, server.unsubscriptions, tab.events().length]).toEqual([['presence-floor'], [], 1])
  await other.ask({ op: 'unsubscribe', channel: 'presence-floor' })
  await waitFor(() => server.unsubscriptions.length === 1, 'the leave')
})

it('sends what a tab publishes there as it is, and hands it to the other tabs where the server passes it on', async () => {
  const { server, line } = await setUp()
  const wanted = [{ channel: '#connection' }, { channel: raw('private-floor') }, { channel: raw('orders') }]
  const [tab, other] = await Promise.all([line.openTab({ wanted }), line.openTab({ wanted })])
  for (const one of [tab, other]) for (const name of ['private-floor', 'orders']) await infoOf(one, raw(name))
  const publish = { op: 'publish', timeoutMs: 2_000, event: 'client-n', payload: { n: 1 } } as const
  await tab.ask({ ...publish, id: 1, channel: raw('private-floor') }, { ...publish, id: 2, channel: raw('orders') })
  const heard = (one: NodeTab, event: string): unknown[] => one.events().filter(([, name]) => name === event)
  await waitFor(() => heard(tab, 'error').length === 1, 'the refusal of the public channel')
  expect([heard(tab, 'client-n').length, heard(other, 'client-n').length]).toEqual([0, 1])
  expect(server.clientEvents).toMatchObject([{ channel: 'private-floor', data: { n: 1 } }])
  await tab.ask({ ...publish, id: 3, channel: '#connection', event: 'pusher:subscribe' })
  expect(await tab.notice('receipt', ({ id }) => id === 3)).toMatchObject({ error: { code: 'not-offered' } })
})

it('tells of the connection itself: its id, its server, and with which code it was closed', async () => {
  const { server, line } = await setUp()
  const tab = await line.openTab({ wanted: [{ channel: '#connection' }] })
  const { socketId, ...rest } = (await infoOf(tab, '#connection')) as unknown as { socketId: string }
  expect(socketId).toMatch(/^\d+\.\d+$/)
  expect(rest).toEqual({ server: `key@127.0.0.1:${server.port}` })
  server.closeAll(4100, 'full')
  await waitFor(() => tab.events().length === 2, 'the close')
  const error = { type: 'PusherError', data: { code: 4100, message: 'full' } }
  expect(tab.events().map(([, event, payload]) => [event, payload])).toEqual([
    ['error', error],
    ['error', { type: 'WebSocketError', error }],
  ])
  const { retryInMs } = await tab.notice('status', ({ status }) => status === 'offline')
  expect(retryInMs).toBeGreaterThanOrEqual(900)
  expect(retryInMs).toBeLessThanOrEqual(1_100)
})

it('signs the user in when that is asked for, and a tab says why not', async () => {
  const { server, line } = await setUp()
  const answers: unknown[] = []
  const tab: NodeTab = await line.openTab(
    { hasCredentials: true, wanted: [{ channel: raw('#user') }] },
    (item, ask) => {
      if (typeof item === 'string' || !('type' in item) || item.type !== 'credentials-wanted') return
      const socketId = item.request?.['socketId']
      const refusal = { type: 'AuthError', error: 'not you', status: 403 }
      answers.push(socketId)
      const given = socketId === undefined ? {} : { error: 'not you', details: { refusal } }
      void ask({ op: 'credentials', id: item.id, credentials: given })
    },
  )
  const { error } = await tab.notice('subscription', ({ state }) => state === 'refused')
  expect(error?.details).toEqual({ refusal: { type: 'AuthError', error: 'not you', status: 403 } })
  expect(answers).toEqual([undefined, expect.stringMatching(/^\d+\.\d+$/)])
  expect([server.signins, server.connections()]).toEqual([[], 1])
})

it('takes no other parameters', async () => {
  const { line } = await setUp()
  const tab = await line.openTab({ wanted: [{ channel: 'orders\n{"raw":true,"station":"grill"}' }] })
  const { error } = await tab.notice('subscription', ({ state }) => state === 'refused')
  expect(error).toMatchObject({ code: 'join-refused', message: expect.stringContaining('have no parameters') })
})

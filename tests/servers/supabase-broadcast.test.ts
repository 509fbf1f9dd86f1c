import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitFor } from '../support/line/wait-for.ts'
import { Clients, joined } from '../support/servers/supabase/clients.ts'
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

type Config = NonNullable<Parameters<ReturnType<Clients['create']>['channel']>[1]>['config']

/** A client in the room, and the payloads that it hears there. */
async function enter(config: Config = {}, vsn: '1.0.0' | '2.0.0' = '2.0.0') {
  const heard: unknown[] = []
  const channel = clients
    .create(server, { vsn })
    .channel('room', { config })
    .on('broadcast', { event: 'shout' }, ({ payload }) => heard.push(payload))
  return { heard, channel: await joined(channel) }
}

const shout = (payload: unknown) => ({ type: 'broadcast', event: 'shout', payload }) as const

test('a broadcast reaches all others in the room and not its sender', async () => {
  const [sender, first, second] = await Promise.all([enter(), enter(), enter()])
  for (let n = 1; n <= 50; n++) void sender.channel.send(shout({ n, text: 'grüße 🎉' }))
  await waitFor(() => second.heard.length === 50 && first.heard.length === 50, 'all broadcasts')
  expect(first.heard).toEqual(Array.from({ length: 50 }, (_, i) => ({ n: i + 1, text: 'grüße 🎉' })))
  expect(second.heard).toEqual(first.heard)
  expect(sender.heard).toEqual([])
})

test('with `self` the sender hears itself', async () => {
  const { channel, heard } = await enter({ broadcast: { self: true } })
  await channel.send(shout({ n: 1 }))
  await waitFor(() => heard.length === 1, 'the echo')
  expect(heard).toEqual([{ n: 1 }])
})

test('with `ack` sending resolves when the server has the broadcast', async () => {
  const [sender, other] = await Promise.all([enter({ broadcast: { ack: true } }), enter()])
  expect(await sender.channel.send(shout({ n: 1 }))).toBe('ok')
  await waitFor(() => other.heard.length === 1, 'the broadcast')
  server.silence()
  expect(await sender.channel.send(shout({ n: 2 }), { timeout: 50 })).toBe('timed out')
})

test('bytes arrive as the same bytes', async () => {
  const [sender, other] = await Promise.all([enter(), enter()])
  const bytes = Uint8Array.from({ length: 1_000 }, (_, i) => i % 256)
  await sender.channel.send(shout(bytes.buffer))
  await waitFor(() => other.heard.length === 1, 'the bytes')
  expect(new Uint8Array(other.heard[0] as ArrayBuffer)).toEqual(bytes)
})

test('clients of both versions of the protocol hear each other, but for bytes', async () => {
  const [older, newer] = await Promise.all([enter({ broadcast: { ack: true } }, '1.0.0'), enter()])
  expect(await older.channel.send(shout({ from: 'older' }))).toBe('ok')
  await waitFor(() => newer.heard.length === 1, 'what the older sent')
  await newer.channel.send(shout(new ArrayBuffer(4)))
  await newer.channel.send(shout({ from: 'newer' }))
  await waitFor(() => older.heard.length === 1, 'what the newer sent')
  expect([newer.heard, older.heard]).toEqual([[{ from: 'older' }], [{ from: 'newer' }]])
})

test('broadcasts by HTTP reach the room', async () => {
  const { heard } = await enter()
  const outside = clients.create(server).channel('room')
  expect(await outside.send(shout({ by: 'the batch endpoint' }))).toBe('ok')
  expect(await outside.httpSend('shout', { by: 'its own endpoint' })).toEqual({ success: true })
  await outside.httpSend('shout', Uint8Array.of(1, 2, 3))
  await waitFor(() => heard.length === 3, 'three broadcasts')
  expect(heard.slice(0, 2)).toEqual([{ by: 'the batch endpoint' }, { by: 'its own endpoint' }])
  expect(new Uint8Array(heard[2] as ArrayBuffer)).toEqual(Uint8Array.of(1, 2, 3))
})

test('a request without a key is refused, and one that makes no sense', async () => {
  const post = (headers: Record<string, string>, body: string) =>
    fetch(`${server.url}/realtime/v1/api/broadcast`, { method: 'POST', headers, body })
  expect((await post({}, '{"messages":[]}')).status).toBe(401)
  expect((await post({ apikey: server.anonKey }, '{"messages":[{"topic":1}]}')).status).toBe(422)
  expect((await post({ apikey: server.anonKey }, 'nonsense')).status).toBe(422)
})

test('a room left is heard no more', async () => {
  const [stays, leaves] = await Promise.all([enter(), enter()])
  // The client says 'ok' before the server has heard of it.
  expect(await leaves.channel.unsubscribe()).toBe('ok')
  await waitFor(() => server.leaves.length === 1, 'the server to know')
  server.broadcast('room', 'shout', { n: 1 })
  await waitFor(() => stays.heard.length === 1, 'the broadcast')
  expect(leaves.heard).toEqual([])
})

import { afterEach, beforeEach, expect, test } from 'vitest'
import { waitFor } from '../support/line/wait-for.ts'
import { Clients, joined, subscribe } from '../support/servers/supabase/clients.ts'
import { startSupabaseServer, type SupabaseServer } from '../support/servers/supabase/index.ts'

const clients = new Clients()
let server: SupabaseServer

beforeEach(async () => {
  server = await startSupabaseServer({ limits: { presencePer30Seconds: 5 } })
})

afterEach(async () => {
  await clients.closeAll()
  await server.close()
})

/** A client that watches who is there; with a key to be known by, if one is given. */
async function enter(key = '') {
  const told: string[] = []
  const channel = clients
    .create(server)
    .channel('room', { config: { presence: { key } } })
    .on('presence', { event: 'join' }, ({ key: who }) => told.push(`+${who}`))
    .on('presence', { event: 'leave' }, ({ key: who }) => told.push(`-${who}`))
  await joined(channel)
  const present = () =>
    Object.entries(channel.presenceState<{ mood: string }>())
      .map(([who, metas]) => `${who}: ${metas.map(({ mood }) => mood).join(' and ')}`)
      .sort()
  const sees = (...wanted: string[]) =>
    waitFor(() => JSON.stringify(present()) === JSON.stringify(wanted), `${wanted.join(', ')} to be there`)
  return { channel, told, sees }
}

test('those who track are seen by all, by one who comes later too, until they untrack', async () => {
  const [ann, bob] = await Promise.all([enter('ann'), enter('bob')])
  expect(await ann.channel.track({ mood: 'fine' })).toBe('ok')
  await bob.channel.track({ mood: 'tired' })
  await Promise.all([ann, bob].map(one => one.sees('ann: fine', 'bob: tired')))

  const late = await enter()
  await late.sees('ann: fine', 'bob: tired')

  expect(await ann.channel.untrack()).toBe('ok')
  await Promise.all([ann, bob, late].map(one => one.sees('bob: tired')))
  expect(bob.told).toEqual(['+ann', '+bob', '-ann'])
})

test('what is tracked anew takes the place of the old', async () => {
  const [ann, bob] = await Promise.all([enter('ann'), enter('bob')])
  await ann.channel.track({ mood: 'fine' })
  await ann.channel.track({ mood: 'hungry' })
  await bob.sees('ann: hungry')
})

test('two clients with one key are one entry with two parts', async () => {
  const [first, second, watcher] = await Promise.all([enter('ann'), enter('ann'), enter()])
  await first.channel.track({ mood: 'at the desk' })
  await second.channel.track({ mood: 'on the phone' })
  await watcher.sees('ann: at the desk and on the phone')
  await first.channel.unsubscribe()
  await watcher.sees('ann: on the phone')
})

test('one whose connection breaks is gone for the others', async () => {
  const [ann, bob] = await Promise.all([enter('ann'), enter('bob')])
  await ann.channel.track({ mood: 'fine' })
  await bob.sees('ann: fine')
  await ann.channel.socket.disconnect()
  await bob.sees()
})

test('who tracks too often loses the channel', async () => {
  const channel = clients.create(server).channel('room')
  const statuses = subscribe(channel)
  await statuses.reached('SUBSCRIBED')
  for (let n = 0; n < 6; n++) void channel.track({ n })
  await statuses.reached('CLOSED')
})

import { expect, test } from 'vitest'
import { deferred } from '../../src/lib/index.ts'
import { EncryptedChannels, unseal } from '../../src/worker/transports/pusher-encrypted-channels.ts'

/** Seals by writing the key in front. */
const secretBox = {
  open: (box: Uint8Array, _nonce: Uint8Array, key: Uint8Array) => (box[0] === key[0] ? box.slice(1) : null),
}
const NONCE = btoa('n'.repeat(24))
const seal = (key: number, text: string): object => ({
  ciphertext: btoa(String.fromCharCode(key) + text),
  nonce: NONCE,
})

function channels() {
  const told: unknown[] = []
  const renewals: ReturnType<typeof deferred<Uint8Array | undefined>>[] = []
  const encrypted = new EncryptedChannels({
    secretBox,
    renew() {
      const renewal = deferred<Uint8Array | undefined>()
      renewals.push(renewal)
      return renewal.promise
    },
    event: (_, event, payload) => told.push([event, payload]),
    unreadable: (_, event) => told.push(['unreadable', event]),
  })
  encrypted.add('a', Uint8Array.of(1))
  return { encrypted, told, renewals }
}

const settled = (): Promise<void> => new Promise(resolve => setTimeout(resolve))

test('events are opened as they come, JSON or text', () => {
  const { encrypted, told } = channels()
  encrypted.receive('a', 'x', seal(1, '{"n":1}'))
  encrypted.receive('a', 'y', seal(1, 'plain'))
  encrypted.receive('a', 'z', seal(1, 'null'))
  expect(told).toEqual([
    ['x', { n: 1 }],
    ['y', 'plain'],
    ['z', null],
  ])
})

test('with another key the app is asked once, and those behind wait: the order stays', async () => {
  const { encrypted, told, renewals } = channels()
  encrypted.receive('a', 'first', seal(1, '1'))
  encrypted.receive('a', 'second', seal(2, '2'))
  encrypted.receive('a', 'third', seal(2, '3'))
  expect(told).toEqual([['first', 1]])
  renewals[0]?.resolve(Uint8Array.of(2))
  await settled()
  expect(told).toEqual([
    ['first', 1],
    ['second', 2],
    ['third', 3],
  ])
  expect(renewals).toHaveLength(1)
})

test.each([
  ['is the same', () => Promise.resolve(Uint8Array.of(1))],
  ['cannot be had', () => Promise.reject(new Error('no tab'))],
])('what cannot be read is told when the new key %s; the rest goes on', async (_, answer) => {
  const { encrypted, told, renewals } = channels()
  encrypted.receive('a', 'strange', seal(9, '1'))
  encrypted.receive('a', 'good', seal(1, '2'))
  const { resolve, reject } = renewals[0] ?? deferred()
  answer().then(resolve, reject)
  await settled()
  expect(told).toEqual([
    ['unreadable', 'strange'],
    ['good', 2],
  ])
})

test('nothing comes of a channel that was left, also when its key arrives later', async () => {
  const { encrypted, told, renewals } = channels()
  encrypted.receive('a', 'x', seal(2, '1'))
  encrypted.remove('a')
  encrypted.add('a', Uint8Array.of(2))
  renewals[0]?.resolve(Uint8Array.of(2))
  await settled()
  expect(told).toEqual([])
})

test.each([
  undefined,
  null,
  5,
  'text',
  {},
  { ciphertext: 1, nonce: 2 },
  { ciphertext: '!', nonce: NONCE },
  { ciphertext: '', nonce: '' },
])('%j is nothing that was sealed', data => expect(unseal(data, Uint8Array.of(1), secretBox)).toBeUndefined())

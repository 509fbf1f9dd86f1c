import { afterEach, expect, test, vi } from 'vitest'
import { deferred } from '../../src/lib/index.ts'
import { EncryptedChannels, unseal } from '../../src/worker/transports/pusher-encrypted-channels.ts'

afterEach(() => void vi.useRealTimers())

/** Seals by writing the key in front. */
const secretBox = {
  open: (box: Uint8Array, _nonce: Uint8Array, key: Uint8Array) => (box[0] === key[0] ? box.slice(1) : null),
}
const NONCE = btoa('n'.repeat(24))
const seal = (key: number, text: string): object => ({
  ciphertext: btoa(String.fromCharCode(key) + text),
  nonce: NONCE,
})

const RENEW_WITHIN_MS = 10_000

function channels({ maxWaiting = 1_000 } = {}) {
  const told: unknown[] = []
  const renewals: ReturnType<typeof deferred<Uint8Array | undefined>>[] = []
  const signals: AbortSignal[] = []
  const encrypted = new EncryptedChannels({
    secretBox,
    renewWithinMs: RENEW_WITHIN_MS,
    maxWaiting,
    renew(_, signal) {
      const renewal = deferred<Uint8Array | undefined>()
      renewals.push(renewal)
      signals.push(signal)
      return renewal.promise
    },
    event: (_, event, payload) => told.push([event, payload]),
    unreadable: (_, event) => told.push(['unreadable', event]),
    missed: (_, events) => told.push(['missed', events]),
  })
  encrypted.add('a', Uint8Array.of(1))
  return { encrypted, told, renewals, signals }
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
    ['missed', 1],
    ['good', 2],
  ])
})

test('an app that does not answer is waited for so long, and then what does not open is told, where it is missing', async () => {
  vi.useFakeTimers()
  const { encrypted, told, renewals, signals } = channels()
  for (const [index, key] of [9, 9, 1, 9].entries()) encrypted.receive('a', `e${index}`, seal(key, 'x'))
  await vi.advanceTimersByTimeAsync(RENEW_WITHIN_MS - 1)
  expect(told).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(told).toEqual([
    ['unreadable', 'e0'],
    ['unreadable', 'e1'],
    ['missed', 2],
    ['e2', 'x'],
    ['unreadable', 'e3'],
    ['missed', 1],
  ])
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  encrypted.receive('a', 'next', seal(2, '5'))
  renewals[0]?.resolve(Uint8Array.of(3))
  renewals[1]?.resolve(Uint8Array.of(2))
  await vi.advanceTimersByTimeAsync(0)
  expect(told.at(-1)).toEqual(['next', 5])
  expect(vi.getTimerCount()).toBe(0)
})

test('only so many wait; those for which there is no room are told behind them', async () => {
  const { encrypted, told, renewals } = channels({ maxWaiting: 2 })
  for (const name of ['x', 'y', 'z', 'beyond']) encrypted.receive('a', name, seal(2, '1'))
  renewals[0]?.resolve(Uint8Array.of(2))
  await settled()
  encrypted.receive('a', 'later', seal(2, '1'))
  expect(told).toEqual([
    ['x', 1],
    ['y', 1],
    ['missed', 2],
    ['later', 1],
  ])
})

test.each<[string, (encrypted: EncryptedChannels) => void]>([
  ['left', encrypted => encrypted.remove('a')],
  ['gone with the connection', encrypted => encrypted.clear()],
])('the app is asked no longer for a channel that is %s, and what waits is told to nobody', async (_, end) => {
  vi.useFakeTimers()
  const { encrypted, told, signals } = channels()
  encrypted.receive('a', 'x', seal(2, '1'))
  end(encrypted)
  await vi.advanceTimersByTimeAsync(0)
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  expect(vi.getTimerCount()).toBe(0)
  expect(told).toEqual([])
})

test('what comes in a channel without a key is not taken', () => {
  const { encrypted, told } = channels()
  expect(encrypted.receive('a', 'x', seal(1, '1'))).toBe(true)
  expect(encrypted.receive('b', 'x', seal(1, '1'))).toBe(false)
  expect(told).toEqual([['x', 1]])
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

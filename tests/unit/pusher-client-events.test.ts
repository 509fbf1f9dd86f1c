import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checkClientEvent, encode, RateWindow } from '../../src/worker/transports/pusher-client-events.ts'

test.each(['private-a', 'presence-a', 'private-cache-a'])('clients may send events on %s', channel =>
  expect(() => checkClientEvent(channel, 'client-x')).not.toThrow(),
)

test.each([
  ['a', 'client-x'],
  ['cache-a', 'client-x'],
  ['#user', 'client-x'],
  ['private-encrypted-a', 'client-x'],
  ['private-a', 'x'],
  ['private-a', 'Client-x'],
])('on %s as %s they may not', (channel, event) =>
  expect(() => checkClientEvent(channel, event)).toThrow(expect.objectContaining({ code: 'not-offered' })),
)

test('what JSON cannot carry is refused by name', () => {
  expect(encode('private-a', 'client-x', { n: 1 })).toBe('{"event":"client-x","channel":"private-a","data":{"n":1}}')
  expect(() => encode('private-a', 'client-x', 1n)).toThrow(expect.objectContaining({ code: 'invalid-payload' }))
})

test('no second sees more than allowed, and whoever waits as long as was said may send', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(fc.integer({ min: 0, max: 700 })), (perSecond, pauses) => {
      const window = new RateWindow(perSecond)
      const sent: number[] = []
      let now = 0
      for (const pause of pauses) {
        now += pause
        const waitMs = refusal(() => window.take(now))
        if (waitMs !== undefined) window.take((now += waitMs))
        sent.push(now)
      }
      for (const at of sent)
        expect(sent.filter(other => other > at - 1_000 && other <= at).length).toBeLessThanOrEqual(perSecond)
    }),
  )
})

/** How long it says to wait; `undefined` when it throws nothing. */
function refusal(run: () => void): number | undefined {
  try {
    run()
    return undefined
  } catch (error) {
    return (error as { readonly retryAfterMs: number }).retryAfterMs
  }
}

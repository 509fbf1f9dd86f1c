import { expect, test } from 'vitest'
import type { Entry } from '../support/app/main.ts'
import { brokenPromises } from '../support/chaos/ledger-rules.ts'

const event = (n: number): Entry => ({ kind: 'event', channel: 'orders', event: 'tick', n })
const told = (verdict: 'recovered' | 'unknown'): Entry => ({
  kind: 'continuity',
  channel: 'orders',
  continuity: { verdict },
})

test.each<[string, Entry[], string[]]>([
  ['every event once and in order', [event(1), event(2), event(3)], []],
  ['a loss that was told', [event(1), told('unknown'), event(5)], []],
  ['a loss that was not told', [event(1), event(3)], ['orders: silence between 1 and 3']],
  ['a loss that was denied', [event(1), told('recovered'), event(3)], ['orders: silence between 1 and 3']],
  ['an event twice', [event(1), event(1)], ['orders: 1 after 1']],
  ['an event too late, told or not', [event(2), told('unknown'), event(1)], ['orders: 1 after 2']],
])('%s', (_, ledger, broken) => {
  expect(brokenPromises(ledger)).toEqual(broken)
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newLane, nextStep, type Item, type Lane } from '../../src/worker/outgoing/lane.ts'

const NOW = 1_000

let keys = 0

function item(isUnderWay = false): Item {
  const key = `k${++keys}`
  const body = { kind: 'message', channel: 'orders', event: 'place', payload: key } as const
  return {
    entry: { key, lane: 'orders', body, bytes: 8, createdAt: 0 },
    attempts: 0,
    attempt: isUnderWay ? new AbortController() : undefined,
    sentAt: 0,
  }
}

/** `u`: under way, `.`: to be sent. */
function lane(items: string, more: Partial<Lane> = {}): Lane {
  return { ...newLane('orders', false), items: Array.from(items, sign => item(sign === 'u')), ...more }
}

/** The step, and with `send` which of the items. */
function stepOf(of: Lane, maxUnderWay: number): string {
  const step = nextStep(of, NOW, maxUnderWay)
  return step.type === 'send' ? `send ${of.items.indexOf(step.item)}` : step.type
}

describe('the next step of a lane', () => {
  test.each<[string, Lane, number, string]>([
    ['nothing waits', lane(''), 1, 'done'],
    ['there may be more in the database', lane('', { hasMore: true }), 1, 'load'],
    ['that is being loaded', lane('', { hasMore: true, isLoading: true }), 1, 'wait'],
    ['the last is under way', lane('u'), 1, 'wait'],
    ['the last is under way and there is more behind it', lane('u', { hasMore: true }), 1, 'wait'],
    ['one waits', lane('.'), 1, 'send 0'],
    ['one waits, and more is being loaded', lane('.', { isLoading: true }), 1, 'wait'],
    ['several wait', lane('...', { hasMore: true }), 1, 'send 0'],
    ['one is under way of one', lane('u..'), 1, 'wait'],
    ['one is under way of two', lane('u..'), 2, 'send 1'],
    ['two are under way of two', lane('uu.'), 2, 'wait'],
    ['the first has failed, and what was sent behind it is under way', lane('.u.'), 3, 'wait'],
    ['one in the middle has failed', lane('u.u.'), 5, 'wait'],
    ['all that were sent have failed', lane('...'), 5, 'send 0'],
    ['it is to wait', lane('.', { notBefore: NOW + 1 }), 1, 'wait'],
    ['it has waited', lane('.', { notBefore: NOW }), 1, 'send 0'],
    ['it is to wait before it loads', lane('', { hasMore: true, notBefore: NOW + 1 }), 1, 'wait'],
  ])('%s', (_, of, maxUnderWay, expected) => {
    expect(stepOf(of, maxUnderWay)).toBe(expected)
  })

  test('is never a message behind one that is to be sent again, nor one more than may be under way', () => {
    const act = fc.oneof(
      { weight: 3, arbitrary: fc.constant('step' as const) },
      fc.record({ end: fc.constantFrom('acknowledged' as const, 'failed' as const), index: fc.nat({ max: 9 }) }),
    )
    fc.assert(
      fc.property(fc.nat({ max: 12 }), fc.integer({ min: 1, max: 5 }), fc.array(act), (count, maxUnderWay, acts) => {
        const of = lane('.'.repeat(count))
        const wrong: string[] = []
        for (const next of acts) {
          if (next === 'step') {
            const step = nextStep(of, NOW, maxUnderWay)
            if (step.type !== 'send') continue
            const index = of.items.indexOf(step.item)
            const underWay = of.items.map(({ attempt }) => (attempt === undefined ? '.' : 'u')).join('')
            if (!/^u*[.]+$/.test(underWay) || underWay[index - 1] === '.' || index >= maxUnderWay)
              wrong.push(`${index} of ${underWay}`)
            step.item.attempt = new AbortController()
          } else {
            const ended = of.items.filter(({ attempt }) => attempt !== undefined)[next.index]
            if (ended === undefined) continue
            ended.attempt = undefined
            if (next.end === 'acknowledged') of.items.splice(of.items.indexOf(ended), 1)
          }
        }
        expect(wrong).toEqual([])
        // Whatever has happened, when nothing is under way the oldest is next.
        for (const each of of.items) each.attempt = undefined
        expect(stepOf(of, maxUnderWay)).toBe(of.items.length > 0 ? 'send 0' : 'done')
      }),
    )
  })
})

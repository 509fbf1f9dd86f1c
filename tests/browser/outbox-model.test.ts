import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openOutbox, type Fate, type Kind, type Outbox } from '../../src/outbox/index.ts'
import { PartylineError, toWireError } from '../../src/protocol/index.ts'
import { newScope } from '../support/browser/open-line.ts'
import { ALL, databaseOf, keysOf, newEntry, recount, testClock } from '../support/browser/open-outbox.ts'
import { OutboxModel } from '../support/browser/outbox-model.ts'

const LIMITS = { maxEntries: 6, maxBytes: 60, maxMessageBytes: 18, maxDeadLetters: 2 }
const KEYS = Array.from({ length: 12 }, (_, index) => `k${index}`)
const LANES = ['a', 'b']
const KINDS: readonly Kind[] = ['message', 'request']
const refused = toWireError(new Error('no'))

/** Asks both the same; resolves with what the outbox said, beside what the model says. */
type Ask = (outbox: Outbox, model: OutboxModel, now: number) => Promise<readonly [said: unknown, expected: unknown]>

const key = fc.constantFrom(...KEYS)
const keys = fc.array(key, { maxLength: 4 })

const asks: fc.Arbitrary<Ask> = fc.oneof(
  { weight: 8, arbitrary: adding() },
  {
    weight: 3,
    arbitrary: key.map(
      asking(
        (outbox, name) => outbox.acknowledged(name),
        (model, name) => model.acknowledged(name),
      ),
    ),
  },
  {
    weight: 3,
    arbitrary: key.map(
      asking(
        (outbox, name) => outbox.bury(name, 'rejected', refused),
        (model, name) => model.bury(name),
      ),
    ),
  },
  {
    weight: 1,
    arbitrary: key.map(
      asking(
        (outbox, name) => outbox.attempted(name),
        (model, name) => model.attempted(name),
      ),
    ),
  },
  {
    weight: 1,
    arbitrary: keys.map(
      asking(
        (outbox, names) => outbox.retry(names),
        (model, names) => model.retry(names),
      ),
    ),
  },
  {
    weight: 1,
    arbitrary: keys.map(
      asking(
        (outbox, names) => outbox.drop(names),
        (model, names, { sending }) => model.drop(names, sending),
      ),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constant<Ask>(async (outbox, model, now) => {
      const expected = model.expire(now, outbox.sending)
      return [keysOf(await outbox.expire()), expected]
    }),
  },
)

/** In one tick, by one of two contexts, which then sends other entries than before. */
const steps = fc.array(
  fc.record({ who: fc.nat(1), asked: fc.array(asks, { minLength: 1, maxLength: 6 }), sends: keys, passed: fc.nat(3) }),
  { maxLength: 12 },
)

function asking<Given>(
  ofOutbox: (outbox: Outbox, given: Given) => Promise<unknown>,
  ofModel: (model: OutboxModel, given: Given, outbox: Outbox) => unknown,
): (given: Given) => Ask {
  return given => async (outbox, model) => {
    const expected = ofModel(model, given, outbox)
    return [await ofOutbox(outbox, given), expected]
  }
}

function adding(): fc.Arbitrary<Ask> {
  const wanted = fc.record({
    lane: fc.constantFrom(...LANES),
    kind: fc.constantFrom(...KINDS),
    bytes: fc.nat(20),
    coalesce: fc.constantFrom(undefined, undefined, 'x', 'y'),
    ttlMs: fc.constantFrom(undefined, 1, 5, 9),
  })
  return fc
    .tuple(key, wanted, fc.boolean())
    .map(([name, { ttlMs, ...more }, isAgain]) => async (outbox, model, now) => {
      const entry = newEntry(name, { ...more, createdAt: now, expiresAt: ttlMs && now + ttlMs })
      const expected = model.add(entry, isAgain, outbox.sending)
      const said = await outbox.add(entry, isAgain).then(
        ({ outcome }) => outcome,
        (error: unknown) => error instanceof PartylineError && error.code,
      )
      return [said, expected]
    })
}

const nameOf = (fate: Fate): string => (fate.state === 'gone' ? fate.why : fate.state)

test('two contexts do to one outbox what an array would do, and its figures are always a recount', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async taken => {
      const scope = newScope()
      const clock = testClock()
      const options = { ...LIMITS, scope, now: clock.now }
      const outboxes = [await openOutbox(options), await openOutbox(options)] as const
      const model = new OutboxModel(LIMITS)
      for (const { who, asked, sends, passed } of taken) {
        const outbox = outboxes[who === 0 ? 0 : 1]
        clock.time += passed
        for (const [said, expected] of await Promise.all(asked.map(ask => ask(outbox, model, clock.time))))
          expect(said).toEqual(expected)
        expect(outbox.usage).toEqual(model.usage)
        outbox.sending.clear()
        for (const name of sends) outbox.sending.add(name)
      }
      for (const outbox of outboxes) {
        for (const kind of KINDS)
          for (const lane of LANES) {
            const entries = await outbox.head(kind, lane, ALL)
            expect(entries.map(entry => [entry.key, entry.attempts])).toEqual(model.lane(kind, lane))
          }
        expect(keysOf(await outbox.list('waiting', ALL))).toEqual(model.keys('waiting'))
        expect(keysOf(await outbox.list('dead', ALL))).toEqual(model.keys('dead'))
        expect(await outbox.nextExpiry()).toBe(model.nextExpiry())
        expect(await recount(outbox)).toEqual(await outbox.refresh())
        const fates = await Promise.all(KEYS.map(name => outbox.fate(name)))
        expect(fates.map(nameOf)).toEqual(KEYS.map(name => model.fate(name)))
        outbox.close()
      }
      indexedDB.deleteDatabase(databaseOf(scope))
    }),
    { numRuns: 100 },
  )
}, 60_000)

test('two contexts at once leave figures that are a recount, within the limits', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(asks, { maxLength: 30 }), fc.array(asks, { maxLength: 30 }), async (ours, theirs) => {
      const scope = newScope()
      const { now } = testClock()
      const options = { ...LIMITS, scope, now }
      const [one, other] = [await openOutbox(options), await openOutbox(options)]
      const ask = (outbox: Outbox) => (each: Ask) => each(outbox, new OutboxModel(LIMITS), now())
      await Promise.all([...ours.map(ask(one)), ...theirs.map(ask(other))])
      const usage = await one.refresh()
      expect(await recount(other)).toEqual(usage)
      expect(await other.refresh()).toEqual(usage)
      expect(usage.dead).toBeLessThanOrEqual(LIMITS.maxDeadLetters)
      expect(usage.bytes).toBeLessThanOrEqual(LIMITS.maxBytes)
      for (const outbox of [one, other]) outbox.close()
      indexedDB.deleteDatabase(databaseOf(scope))
    }),
    { numRuns: 50 },
  )
}, 60_000)

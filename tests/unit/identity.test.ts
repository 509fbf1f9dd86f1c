import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PartylineError } from '../../src/protocol/index.ts'
import { compareRank, parseIdentity, type Identity } from '../../src/worker/peers/identity.ts'

const identity: Identity = {
  protocol: { major: 1, minor: 0 },
  epoch: 'e-1',
  host: 'shared',
  build: 7,
  generation: 2,
  startedAt: 1_000,
  url: 'https://app.example/worker.js',
  type: 'module',
}

/** Often equal in all but the epoch. */
const few = fc.integer({ min: 0, max: 2 })
const identities = fc.record({
  protocol: fc.record({ major: few, minor: few }),
  epoch: fc.string({ maxLength: 2 }),
  host: fc.constantFrom('shared' as const, 'elected' as const),
  build: few,
  generation: few,
  startedAt: few,
  url: fc.constant(identity.url),
  type: fc.constantFrom('module' as const, 'classic' as const),
})

describe('the rank of two brokers', () => {
  test.each<[string, Partial<Identity>, Partial<Identity>]>([
    [
      'the newer protocol, before all else',
      { protocol: { major: 2, minor: 0 }, generation: 1, build: 1, startedAt: 0 },
      {},
    ],
    ['the later generation, before build and start', { generation: 3, build: 1, startedAt: 0 }, {}],
    ['the later build, before the start', { build: 8, startedAt: 0 }, {}],
    ['the later start', { startedAt: 1_001, epoch: 'a' }, {}],
    ['at last the greater epoch', { epoch: 'e-2' }, {}],
    ['not a newer minor', { build: 8 }, { protocol: { major: 1, minor: 9 } }],
  ])('is decided by %s', (_, more, less) => {
    expect(compareRank({ ...identity, ...more }, { ...identity, ...less })).toBeGreaterThan(0)
  })

  test('is the same from both sides', () => {
    fc.assert(
      fc.property(identities, identities, (a, b) => {
        expect(Math.sign(compareRank(a, b)) + Math.sign(compareRank(b, a))).toBe(0)
      }),
    )
  })

  test('is never equal for different epochs', () => {
    fc.assert(
      fc.property(identities, identities, (a, b) => {
        fc.pre(a.epoch !== b.epoch)
        expect(compareRank(a, b)).not.toBe(0)
      }),
    )
  })

  test('is an order: of any three one is above both others', () => {
    fc.assert(
      fc.property(identities, identities, identities, (a, b, c) => {
        fc.pre(compareRank(a, b) > 0 && compareRank(b, c) > 0)
        expect(compareRank(a, c)).toBeGreaterThan(0)
      }),
    )
  })
})

describe('an identity', () => {
  test('is taken as it is, and only its known fields', () => {
    expect(parseIdentity({ ...identity, surplus: 1 })).toEqual(identity)
  })

  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['a text', 'here'],
    ['no protocol', { ...identity, protocol: undefined }],
    ['a protocol that is none', { ...identity, protocol: { major: 'x', minor: 0 } }],
    ['an epoch that is none', { ...identity, epoch: 5 }],
    ['another kind of host', { ...identity, host: 'local' }],
    ['a url that is none', { ...identity, url: null }],
    ['another type of script', { ...identity, type: 'json' }],
    ['a build that cannot be compared', { ...identity, build: Number.NaN }],
    ['a generation that cannot be compared', { ...identity, generation: '2' }],
    ['a start that cannot be compared', { ...identity, startedAt: Number.POSITIVE_INFINITY }],
  ])('that has %s is refused', (_, value) => {
    expect(() => parseIdentity(value)).toThrow(expect.objectContaining({ code: 'bad-message' }))
  })

  test('is taken or refused as bad-message, and nothing else happens, whatever comes', () => {
    const nearly = fc.record(
      { ...Object.fromEntries(Object.keys(identity).map(field => [field, fc.anything()])) },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.oneof(fc.anything(), nearly), value => {
        expect(outcomeOf(value)).toMatch(/^(taken|bad-message)$/)
      }),
    )
  })
})

function outcomeOf(value: unknown): string {
  try {
    return Number.isNaN(compareRank(parseIdentity(value), identity)) ? 'cannot be compared' : 'taken'
  } catch (error) {
    return error instanceof PartylineError ? error.code : String(error)
  }
}

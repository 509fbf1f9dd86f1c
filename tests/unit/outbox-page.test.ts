import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { NewEntry } from '../../src/outbox/entry.ts'
import {
  entriesOf,
  firstOf,
  MAX_PAGE,
  newPage,
  pageOf,
  pageSeqOf,
  toRuns,
  without,
  type Page,
  type Stored,
} from '../../src/outbox/page.ts'
import { damagedPage, parsePage, rescue } from '../../src/outbox/parse-page.ts'
import { furthest, NO_PROGRESS, parseProgress } from '../../src/outbox/progress.ts'
import { PartylineError, toWireError } from '../../src/protocol/index.ts'

function entry(key: string, wanted: Partial<NewEntry> = {}): NewEntry {
  const body = { kind: 'message', channel: 'orders', event: 'said', payload: undefined } as const
  return { key, lane: 'orders', body, bytes: 10, createdAt: 1, ...wanted }
}

const pageWith = (...entries: readonly NewEntry[]): Page => ({ ...newPage(entries), seq: 3 })

const messages = pageWith(entry('a'), entry('b'), entry('c'))
const request = pageWith(
  entry('r', {
    expiresAt: 5,
    coalesce: 'c',
    body: {
      kind: 'request',
      url: '/orders',
      method: 'POST',
      headers: [['accept', '*/*']],
      body: new ArrayBuffer(1),
      credentials: 'omit',
    },
  }),
)
const died = { at: 2, why: 'expired', error: { code: 'expired', message: 'too late', retryable: false } } as const
const dead: Page = { ...pageOf({ ...entry('d'), state: 'dead', attempts: 0, died }), seq: 4 }
const broken: Page = { ...damagedPage(3, { index: 1, raw: 7 }, 5, toWireError(new Error('no'))), seq: 5 }

/** With its first entry changed. */
const changed = (page: Page, change: object): object => ({
  ...page,
  entries: [{ ...page.entries[0], ...change }, ...page.entries.slice(1)],
})

const refusal = expect.objectContaining({
  code: 'bad-message',
  message: expect.stringMatching(/^page .* of the outbox does not hold its entries$/),
})

test.each<[string, Page]>([
  ['messages', messages],
  ['messages of which one has left', without(messages, 0, 1) as Page],
  ['a request', request],
  ['a dead letter', dead],
  ['what was found damaged', broken],
])('a page of %s is read as it is', (_, page) => {
  expect(parsePage(page)).toBe(page)
})

describe('a page is refused', () => {
  test.each<[string, object]>([
    ['without a number', { ...messages, seq: 'one' }],
    ['in no lane', { ...messages, lane: 7 }],
    ['in no state', { ...messages, state: 'gone' }],
    ['of no kind', { ...messages, kind: undefined }],
    ['of damaged ones that wait', { ...broken, state: 'waiting' }],
    ['without keys', { ...messages, keys: undefined }],
    ['without entries', { ...messages, entries: [] }],
    ['with none that is there', { ...messages, entries: [null, null] }],
    ['with more than a page has', { ...messages, entries: Array.from({ length: MAX_PAGE + 1 }, () => null) }],
    ['that expires as none of its entries does', { ...messages, expiresAt: 5 }],
    ['that gives way as none of its entries does', { ...messages, coalesce: 'c' }],
    ['with an entry without a key', changed(messages, { key: undefined })],
    ['with an entry under another key', changed(messages, { key: 'z' })],
    ['with an entry of another kind', changed(messages, { body: { kind: 'request' } })],
    ['with an entry without a body', changed(messages, { body: null })],
    ['with an entry of a negative size', changed(messages, { bytes: -1 })],
    ['with an entry of a size that is no number', changed(messages, { bytes: Number.NaN })],
    ['with an entry of a size that nothing has', changed(messages, { bytes: Infinity })],
    ['with an entry of attempts that cannot be counted', changed(messages, { attempts: '1' })],
    ['with an expiry that is no time', { ...changed(request, { expiresAt: 'soon' }), expiresAt: 'soon' }],
    ['with others beside one that expires', { ...request, entries: [...request.entries, null, ...request.entries] }],
    ['that waits and has died', { ...dead, state: 'waiting' }],
    ['that has died of nothing', changed(dead, { died: undefined })],
    ['that has died of an unknown cause', changed(dead, { died: { ...died, why: 'age' } })],
    ['that has died without an error', changed(dead, { died: { ...died, error: null } })],
    ['for no address', changed(request, { body: { ...request.entries[0]?.body, url: null } })],
    ['with half a header', changed(request, { body: { ...request.entries[0]?.body, headers: [['accept']] } })],
    ['with credentials of no sort', changed(request, { body: { ...request.entries[0]?.body, credentials: 'all' } })],
    ['with a body of text', changed(request, { body: { ...request.entries[0]?.body, body: 'text' } })],
  ])('%s', (_, page) => {
    expect(() => parsePage(page)).toThrow(refusal)
  })

  test('when it is garbage', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }), value => {
        expect(() => parsePage(value)).toThrow(refusal)
      }),
    )
  })

  test('when a field of it or of an entry is garbage, or its entries can be sent', () => {
    const ofPage = fc.constantFrom(...Object.keys(request).filter(field => field !== 'entries'))
    const ofEntry = fc.constantFrom(...Object.keys(request.entries[0] as Stored).filter(field => field !== 'body'))
    const tampered = fc.oneof(
      fc.tuple(ofPage, fc.anything()).map(([field, value]) => ({ ...request, [field]: value })),
      fc.tuple(ofEntry, fc.anything()).map(([field, value]) => changed(request, { [field]: value })),
    )
    fc.assert(
      fc.property(tampered, value => {
        try {
          const [first] = entriesOf(parsePage(value), 0)
          const numbers = [first?.seq, first?.attempts, first?.bytes, first?.createdAt]
          const texts = [first?.key, first?.lane, first?.state]
          return numbers.every(Number.isFinite) && texts.every(text => typeof text === 'string')
        } catch (error) {
          return error instanceof PartylineError && error.code === 'bad-message'
        }
      }),
    )
  })
})

describe('of a damaged page', () => {
  test('the entries that are right stay where they are, and the others are what was found', () => {
    const { page, damaged } = rescue(changed(messages, { bytes: 'many' }))
    expect(damaged).toMatchObject([{ index: 0, raw: { key: 'a', bytes: 'many' } }])
    expect(parsePage(page).entries).toEqual([null, ...messages.entries.slice(1)])
    expect(page?.keys).toEqual(['b', 'c'])
  })

  test('nothing stays when all is damaged', () => {
    expect(rescue(changed(request, { bytes: 'many' }))).toMatchObject({ page: undefined, damaged: [{ index: 0 }] })
    expect(rescue('text')).toEqual({ damaged: [{ raw: 'text' }] })
  })

  test('each has a key of its own', () => {
    const why = toWireError(new Error('no'))
    const found = [{ raw: 0 }, { index: 0, raw: 0 }, { index: 1, raw: 0 }]
    const keys = [1, MAX_PAGE].flatMap(seq => found.flatMap(one => damagedPage(seq, one, 1, why).keys))
    expect(new Set(keys).size).toBe(6)
  })
})

describe('entries', () => {
  test('have numbers that rise within a page and from page to page, by which their page is found', () => {
    const next = { ...messages, seq: 4 }
    const numbers = [...entriesOf(messages, 0), ...entriesOf(next, 0)].map(({ seq }) => seq)
    expect(numbers).toEqual([384, 385, 386, 512, 513, 514])
    expect(numbers.map(pageSeqOf)).toEqual([3, 3, 3, 4, 4, 4])
  })

  test('keep their index when another leaves, and the page goes with the last', () => {
    const rest = without(messages, 0, 0) as Page
    expect(entriesOf(rest, 0).map(({ key, seq }) => [key, seq])).toEqual([
      ['b', 385],
      ['c', 386],
    ])
    expect(firstOf(rest)).toBe(1)
    expect(without(messages, 1, 2)?.keys).toEqual(['b'])
    expect(without(messages, 2, 2)).toBeUndefined()
    expect(without(messages, 2)?.keys).toEqual(['c'])
  })

  test('of a lane lie together, in order, unless they expire or give way', () => {
    const runs = toRuns([
      entry('a'),
      entry('x', { lane: 'other' }),
      entry('b'),
      entry('late', { expiresAt: 5 }),
      entry('c'),
      entry('y', { lane: 'other' }),
      entry('cursor', { coalesce: 'cursor', lane: 'other' }),
      entry('z', { lane: 'other' }),
    ])
    const keys = runs.map(run => run.map(({ key }) => key))
    expect(keys).toEqual([['a', 'b'], ['x', 'y'], ['late'], ['c'], ['cursor'], ['z']])
  })

  test('of one lane and two kinds do not', () => {
    expect(
      toRuns([entry('a'), entry('b', { body: { ...request.entries[0]?.body } as NewEntry['body'] })]),
    ).toHaveLength(2)
  })

  test('are as many in a page as it may have, by count and by bytes', () => {
    const many = Array.from({ length: MAX_PAGE + 1 }, (_, index) => entry(`k${index}`))
    expect(toRuns(many).map(run => run.length)).toEqual([MAX_PAGE, 1])
    const large = Array.from({ length: 3 }, (_, index) => entry(`k${index}`, { bytes: 30_000 }))
    expect(toRuns(large).map(run => run.length)).toEqual([2, 1])
    expect(toRuns([entry('huge', { bytes: 1_000_000 })])).toHaveLength(1)
  })
})

describe('progress', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['text', 'far'],
    ['no map', { version: 1, firsts: {} }],
    ['a map of other things', { version: 1, firsts: new Map([['a', 1]]) }],
    ['further than a page goes', { version: 1, firsts: new Map([[1, MAX_PAGE]]) }],
    ['before its beginning', { version: 1, firsts: new Map([[1, -1]]) }],
    ['no version', { version: 0.5, firsts: new Map() }],
  ])('that is %s is none', (_, value) => {
    expect(parseProgress(value)).toEqual(NO_PROGRESS)
  })

  test('is as far as either says, and newer than what others know', () => {
    const stored = {
      version: 2,
      firsts: new Map([
        [1, 5],
        [2, 1],
      ]),
    }
    const more = new Map([
      [1, 3],
      [2, 4],
      [3, 1],
    ])
    const firsts = new Map([
      [1, 5],
      [2, 4],
      [3, 1],
    ])
    expect(furthest(stored, more)).toEqual({ version: 3, firsts })
  })
})

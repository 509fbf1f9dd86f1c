import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  MAX_NAME_LENGTH,
  MAX_OPS,
  parseAck,
  parseAsk,
  parseFrame,
  parseHello,
  parseOutboxRequest,
  parseWelcome,
  PartylineError,
} from '../../src/protocol/index.ts'

const hello = {
  protocol: { major: 1, minor: 0 },
  scope: 'ann',
  tabId: 'tab-1',
  attempt: 2,
  lease: { kind: 'silence' },
  visible: true,
  focused: false,
  online: false,
  hasCredentials: false,
  wanted: [
    { channel: 'orders' },
    { channel: 'floor', deliver: 'both', resume: { moved: true, position: '7', one: '' } },
    { channel: 'bar', deliver: 'one', resume: { moved: false } },
  ],
  session: { id: 's-1', seq: 0 },
  marks: [
    { epoch: 'e-0', n: 3 },
    { epoch: 'e-0', n: 5, checkpoint: { '': { session: '', position: '' }, '/chat': { session: '{"pid":"x"}' } } },
  ],
  watchesOutbox: true,
}
const publish = { op: 'publish', id: 1, channel: 'orders', event: 'place', payload: { table: 4 }, timeoutMs: 5_000 }
const durable = { key: 'k-1', lane: 'kitchen', ttlMs: 60_000, coalesce: '', own: true, again: true, outbox: 'o-1' }
const TEN_YEARS_MS = 10 * 365 * 24 * 60 * 60 * 1000
const tooLong = 'x'.repeat(MAX_NAME_LENGTH + 1)

/** What was thrown, if anything. */
function thrownBy(parse: () => unknown): unknown {
  try {
    parse()
    return undefined
  } catch (error) {
    return error
  }
}

/** The sentence with which something is refused. */
function refusal(parse: () => unknown): string {
  const error = thrownBy(parse)
  expect(error).toBeInstanceOf(PartylineError)
  expect(error).toMatchObject({ code: 'bad-message', retryable: false })
  return (error as PartylineError).message
}

function opRefusal(op: unknown): string | undefined {
  const { ops, failures } = parseAsk({ epoch: 'e', ops: [op] })
  expect(ops).toEqual([])
  expect(failures).toHaveLength(1)
  expect(failures[0]).toMatchObject({ index: 0, error: { code: 'bad-message' } })
  return failures[0]?.error.message
}

describe('hello', () => {
  test('a right one is taken as it is, and only its known fields', () => {
    expect(parseHello({ ...hello, surplus: 1 })).toEqual(hello)
    expect(parseHello({ ...hello, lease: { kind: 'lock', name: 'l' } }).lease).toEqual({ kind: 'lock', name: 'l' })
  })

  test.each<[unknown, string]>([
    [undefined, 'hello is undefined; expected an object'],
    [null, 'hello is null; expected an object'],
    [[], 'hello is an array of 0; expected an object'],
    ['hello', 'hello is "hello"; expected an object'],
    [{ ...hello, protocol: 1 }, 'hello.protocol is 1; expected an object'],
    [{ ...hello, protocol: { major: -1, minor: 0 } }, 'hello.protocol.major is -1; expected a whole number from 0'],
    [{ ...hello, protocol: { major: 1, minor: 0.5 } }, 'hello.protocol.minor is 0.5; expected a whole number from 0'],
    [{ ...hello, scope: 7n }, 'hello.scope is 7; expected a string'],
    [{ ...hello, scope: '' }, 'hello.scope is ""; expected a string that is not empty'],
    [{ ...hello, tabId: tooLong }, 'hello.tabId is a string of 1025; expected at most 1024 characters'],
    [{ ...hello, attempt: 1.5 }, 'hello.attempt is 1.5; expected a whole number from 0'],
    [{ ...hello, attempt: undefined }, 'hello.attempt is undefined; expected a whole number from 0'],
    [{ ...hello, lease: { kind: 'gold' } }, 'hello.lease.kind is "gold"; expected lock, silence or leaving'],
    [{ ...hello, lease: { kind: 'lock' } }, 'hello.lease.name is undefined; expected a string'],
    [{ ...hello, visible: 1 }, 'hello.visible is 1; expected true or false'],
    [{ ...hello, focused: undefined }, 'hello.focused is undefined; expected true or false'],
    [{ ...hello, online: 'yes' }, 'hello.online is "yes"; expected true or false'],
    [{ ...hello, hasCredentials: {} }, 'hello.hasCredentials is an object; expected true or false'],
    [{ ...hello, wanted: {} }, 'hello.wanted is an object; expected an array'],
    [{ ...hello, wanted: ['orders'] }, 'hello.wanted[0] is "orders"; expected an object'],
    [{ ...hello, wanted: new Array(3) }, 'hello.wanted[0] is undefined; expected an object'],
    [{ ...hello, wanted: [{ channel: '' }] }, 'hello.wanted[0].channel is ""; expected a string that is not empty'],
    [
      { ...hello, wanted: [{ channel: 'a' }, { channel: 'b', resume: 'x' }] },
      'hello.wanted[1].resume is "x"; expected an object',
    ],
    [
      { ...hello, wanted: [{ channel: 'a', resume: { moved: true, position: 5 } }] },
      'hello.wanted[0].resume.position is 5; expected a string',
    ],
    [{ ...hello, wanted: new Array(MAX_OPS + 1) }, 'hello.wanted is an array of 10001; expected at most 10000 entries'],
    [
      { ...hello, wanted: [{ channel: 'a', resume: {} }] },
      'hello.wanted[0].resume.moved is undefined; expected true or false',
    ],
    [
      { ...hello, wanted: [{ channel: 'a', resume: { moved: true, one: 5 } }] },
      'hello.wanted[0].resume.one is 5; expected a string',
    ],
    [
      { ...hello, wanted: [{ channel: 'a', deliver: 'some' }] },
      'hello.wanted[0].deliver is "some"; expected all, one, both',
    ],
    [{ ...hello, session: 's-1' }, 'hello.session is "s-1"; expected an object'],
    [{ ...hello, session: { seq: 1 } }, 'hello.session.id is undefined; expected a string'],
    [{ ...hello, session: { id: 's-1', seq: -1 } }, 'hello.session.seq is -1; expected a whole number from 0'],
    [{ ...hello, marks: {} }, 'hello.marks is an object; expected an array'],
    [{ ...hello, marks: new Array(17) }, 'hello.marks is an array of 17; expected at most 16 entries'],
    [{ ...hello, marks: [{ epoch: '', n: 1 }] }, 'hello.marks[0].epoch is ""; expected a string that is not empty'],
    [{ ...hello, marks: [{ epoch: 'e', n: 0.5 }] }, 'hello.marks[0].n is 0.5; expected a whole number from 0'],
    [
      { ...hello, marks: [{ epoch: 'e', n: 1, checkpoint: [] }] },
      'hello.marks[0].checkpoint is an array of 0; expected an object',
    ],
    [
      { ...hello, marks: [{ epoch: 'e', n: 1, checkpoint: { '/': {} } }] },
      'hello.marks[0].checkpoint.session is undefined; expected a string',
    ],
    [{ ...hello, watchesOutbox: 'yes' }, 'hello.watchesOutbox is "yes"; expected true or false'],
  ])('a wrong one is refused: %#', (value, sentence) => {
    expect(refusal(() => parseHello(value))).toBe(sentence)
  })
})

test('a last word that makes no sense is left out: another tab said it', () => {
  const word = { marks: [{ epoch: 'e', n: 1 }], wanted: [{ channel: 'orders', deliver: 'one' }] }
  const lastWords = [word, {}, null, 'wake-up', { ...word, marks: 1 }, { ...word, wanted: [{ channel: '' }] }]
  expect(parseHello({ ...hello, lastWords }).lastWords).toEqual([word])
})

describe('ask', () => {
  test('right operations are taken as they are', () => {
    const all = [
      { op: 'subscribe', channel: 'orders' },
      { op: 'subscribe', channel: 'orders', resume: { moved: true, position: '1' } },
      { op: 'subscribe', channel: 'orders', deliver: 'one' },
      { op: 'unsubscribe', channel: 'orders' },
      publish,
      { ...publish, durable: { key: 'k-1' } },
      { ...publish, durable },
      { op: 'watch-outbox' },
      { op: 'signal', signal: 'cancel', id: 4 },
      ...(['visible', 'hidden', 'focused', 'frozen', 'online', 'offline', 'reconnect'] as const).map(signal => ({
        op: 'signal',
        signal,
      })),
      { op: 'lease', lease: { kind: 'silence' } },
      { op: 'lease', lease: { kind: 'lock', name: 'l' } },
      { op: 'credentials', id: 1, credentials: { token: 't', expiresAt: 5 } },
      { op: 'credentials', id: 2 },
    ]
    const { epoch, ops, failures } = parseAsk({ epoch: 'e', ops: all })
    expect(epoch).toBe('e')
    expect(ops.map(({ op }) => op)).toEqual(all)
    expect(failures).toEqual([])
  })

  test('a bad operation harms none of its neighbours', () => {
    const { ops, failures } = parseAsk({ epoch: 'e', ops: [publish, { op: 'fly' }, publish] })
    expect(ops.map(({ index }) => index)).toEqual([0, 2])
    expect(failures).toMatchObject([{ index: 1, error: { message: expect.stringContaining('ask.ops[1].op') } }])
  })

  test.each<[unknown, string]>([
    [7, 'ask is 7; expected an object'],
    [{ epoch: 'e' }, 'ask.ops is undefined; expected an array'],
    [{ epoch: 5, ops: [] }, 'ask.epoch is 5; expected a string'],
  ])('a wrong envelope is refused: %#', (value, sentence) => {
    expect(refusal(() => parseAsk(value))).toBe(sentence)
  })

  test.each<[unknown, string]>([
    [undefined, 'ask.ops[0] is undefined; expected an object'],
    [
      { op: 'fly' },
      'ask.ops[0].op is "fly"; expected subscribe, unsubscribe, publish, signal, lease, credentials, track or watch-outbox',
    ],
    [{ op: 'subscribe' }, 'ask.ops[0].channel is undefined; expected a string'],
    [{ op: 'unsubscribe', channel: 5 }, 'ask.ops[0].channel is 5; expected a string'],
    [{ ...publish, id: '1' }, 'ask.ops[0].id is "1"; expected a whole number from 0'],
    [{ ...publish, id: 2 ** 53 }, 'ask.ops[0].id is 9007199254740992; expected a whole number from 0'],
    [{ ...publish, channel: '' }, 'ask.ops[0].channel is ""; expected a string that is not empty'],
    [{ ...publish, event: tooLong }, 'ask.ops[0].event is a string of 1025; expected at most 1024 characters'],
    ...[0, -1, Number.NaN, Number.POSITIVE_INFINITY, 86_400_001, '5'].map((timeoutMs): [unknown, string] => [
      { ...publish, timeoutMs },
      `ask.ops[0].timeoutMs is ${typeof timeoutMs === 'string' ? '"5"' : timeoutMs}; expected milliseconds, above 0 and at most 86400000`,
    ]),
    [{ ...publish, durable: true }, 'ask.ops[0].durable is true; expected an object'],
    [{ ...publish, durable: {} }, 'ask.ops[0].durable.key is undefined; expected a string'],
    [{ ...publish, durable: { key: '' } }, 'ask.ops[0].durable.key is ""; expected a string that is not empty'],
    [
      { ...publish, durable: { key: tooLong } },
      'ask.ops[0].durable.key is a string of 1025; expected at most 1024 characters',
    ],
    [
      { ...publish, durable: { ...durable, lane: '' } },
      'ask.ops[0].durable.lane is ""; expected a string that is not empty',
    ],
    [
      { ...publish, durable: { ...durable, coalesce: tooLong } },
      'ask.ops[0].durable.coalesce is a string of 1025; expected at most 1024 characters',
    ],
    ...[0, -1, Number.NaN, TEN_YEARS_MS + 1].map((ttlMs): [unknown, string] => [
      { ...publish, durable: { ...durable, ttlMs } },
      `ask.ops[0].durable.ttlMs is ${ttlMs}; expected milliseconds, above 0 and at most ${TEN_YEARS_MS}`,
    ]),
    [{ ...publish, durable: { ...durable, own: 1 } }, 'ask.ops[0].durable.own is 1; expected true or false'],
    [{ ...publish, durable: { ...durable, again: 1 } }, 'ask.ops[0].durable.again is 1; expected true or false'],
    [{ ...publish, durable: { ...durable, outbox: {} } }, 'ask.ops[0].durable.outbox is an object; expected a string'],
    [
      { op: 'signal', signal: 'smoke' },
      'ask.ops[0].signal is "smoke"; expected visible, hidden, focused, frozen, online, offline, reconnect, cancel',
    ],
    [{ op: 'signal', signal: 'cancel', id: -1 }, 'ask.ops[0].id is -1; expected a whole number from 0'],
    [{ op: 'lease' }, 'ask.ops[0].lease is undefined; expected an object'],
    [{ op: 'lease', lease: { kind: 'gold' } }, 'ask.ops[0].lease.kind is "gold"; expected lock, silence or leaving'],
    [{ op: 'credentials' }, 'ask.ops[0].id is undefined; expected a whole number from 0'],
    [{ op: 'credentials', id: 1, credentials: 't' }, 'ask.ops[0].credentials is "t"; expected an object'],
    [
      { op: 'credentials', id: 1, credentials: { expiresAt: 'soon' } },
      'ask.ops[0].credentials.expiresAt is "soon"; expected milliseconds since 1970',
    ],
  ])('a wrong operation is refused: %#', (op, sentence) => {
    expect(opRefusal(op)).toBe(sentence)
  })

  test('a refusal shows what kind of value came, never the content of a long one', () => {
    const secret = 'secret'.repeat(20)
    expect(opRefusal({ op: secret })).toMatch(/^ask\.ops\[0\]\.op is a string of 120; /)
    expect(opRefusal({ ...publish, channel: { secret } })).toBe('ask.ops[0].channel is an object; expected a string')
  })
})

describe('ack', () => {
  test('a right one is taken', () => expect(parseAck({ type: 'ack', seq: 3 })).toEqual({ type: 'ack', seq: 3 }))

  test.each<[unknown, string]>([
    ['ack', 'data message is "ack"; expected an object'],
    [{ type: 'nack', seq: 1 }, `data message is "nack"; expected { type: 'ack', seq }`],
    [{ type: 'ack', seq: 1.5 }, 'ack.seq is 1.5; expected a whole number from 0'],
  ])('a wrong one is refused: %#', (value, sentence) => {
    expect(refusal(() => parseAck(value))).toBe(sentence)
  })
})

describe('what is asked of the outbox', () => {
  test.each([
    { type: 'counts' },
    { type: 'list', state: 'waiting', count: 100, after: 0 },
    { type: 'list', state: 'dead', count: 0, after: 7 },
    { type: 'retry', keys: ['k-1', 'k-2'] },
    { type: 'drop', keys: [] },
  ])('is taken as it is: %j', request => {
    expect(parseOutboxRequest({ ...request, surplus: 1 })).toEqual(request)
  })

  test.each<[unknown, string]>([
    [undefined, 'outbox is undefined; expected an object'],
    [{ type: 'burn' }, 'outbox.type is "burn"; expected counts, list, retry or drop'],
    [{ type: 'list', state: 'ill', count: 1, after: 0 }, 'outbox.state is "ill"; expected waiting, dead'],
    [{ type: 'list', state: 'dead', after: 0 }, 'outbox.count is undefined; expected a whole number from 0'],
    [{ type: 'list', state: 'dead', count: -1, after: 0 }, 'outbox.count is -1; expected a whole number from 0'],
    [{ type: 'list', state: 'dead', count: 1, after: '7' }, 'outbox.after is "7"; expected a whole number from 0'],
    [{ type: 'retry' }, 'outbox.keys is undefined; expected an array'],
    [{ type: 'drop', keys: ['k', 7] }, 'outbox.keys[1] is 7; expected a string'],
    [{ type: 'drop', keys: new Array(2) }, 'outbox.keys[0] is undefined; expected a string'],
    [
      { type: 'retry', keys: new Array(MAX_OPS + 1) },
      'outbox.keys is an array of 10001; expected at most 10000 entries',
    ],
  ])('is refused where it is wrong: %#', (value, sentence) => {
    expect(refusal(() => parseOutboxRequest(value))).toBe(sentence)
  })
})

describe('what comes from a broker', () => {
  test.each([undefined, 5, {}, { type: 'frame' }, { type: 'frame', seq: 1 }])('%j is no frame', value => {
    expect(refusal(() => parseFrame(value))).toBe('the broker sent no frame')
  })

  test.each([undefined, null, 5, {}, { epoch: 5 }])('%j is no welcome', value => {
    expect(refusal(() => parseWelcome(value))).toBe('the broker sent no welcome')
  })
})

test.each([
  ['hello', parseHello],
  ['ask', parseAsk],
  ['ack', parseAck],
  ['frame', parseFrame],
  ['welcome', parseWelcome],
  ['outbox', parseOutboxRequest],
])('whatever comes in as %s is taken or refused as bad-message, and nothing else happens', (_, parse) => {
  const nearlyRight = fc.record(
    {
      epoch: fc.anything(),
      ops: fc.oneof(fc.anything(), fc.array(fc.record({ op: fc.anything(), id: fc.anything() }))),
      type: fc.constantFrom('ack', 'frame', 'list', 'drop'),
      keys: fc.anything(),
      state: fc.constantFrom('waiting', 'dead'),
      seq: fc.anything(),
      items: fc.anything(),
      protocol: fc.anything(),
      scope: fc.string(),
      wanted: fc.oneof(fc.anything(), fc.array(fc.anything())),
      lease: fc.anything(),
      status: fc.anything(),
    },
    { requiredKeys: [] },
  )
  const anything = fc.anything({ withBigInt: true, withMap: true, withSparseArray: true, withNullPrototype: true })
  fc.assert(
    fc.property(fc.oneof(anything, nearlyRight), value => {
      const error = thrownBy(() => parse(value))
      expect(error === undefined || (error instanceof PartylineError && error.code === 'bad-message')).toBe(true)
    }),
  )
})

import { describe, expect, test } from 'vitest'
import { resolveOptions, type BrokerOptions } from '../../src/worker/index.ts'
import { testTransport } from '../support/line/test-transport.ts'

const LONGEST_MS = 2 ** 31 - 1
const transport = testTransport()

const refusal = (message: string) => expect.objectContaining({ code: 'bad-options', message })

describe('the options', () => {
  test.each<[string, unknown]>([
    ['none', undefined],
    ['null', null],
    ['no transport', {}],
    ['a transport that is none', { transport: 'socket.io' }],
  ])('are refused without a transport: %s', (_, options) => {
    expect(() => resolveOptions(options as BrokerOptions)).toThrow(
      refusal('startBroker needs a transport, such as { transport: socketIo({ url }) }'),
    )
  })

  test('are refused with one that is not known', () => {
    expect(() => resolveOptions({ transport, lingersMs: 5 } as BrokerOptions)).toThrow(
      refusal('startBroker knows no option "lingersMs"'),
    )
  })

  test.each<[string, number]>([
    ['leaseMs', 2 ** 31],
    ['lingerMs', Number.MAX_SAFE_INTEGER],
    ['idleMs', Infinity],
    ['livenessPollMs', 0],
    ['joinTimeoutMs', Number.NaN],
  ])('are refused with a time that no timer keeps: %s %d', (name, value) => {
    expect(() => resolveOptions({ transport, [name]: value })).toThrow(
      refusal(`startBroker's ${name} is ${value}; expected a number above 0 and at most ${LONGEST_MS}`),
    )
  })

  test('may be as long as a timer keeps, and as large as one likes where they are no time', () => {
    const { leaseMs, lingerMs, maxQueuedBytes } = resolveOptions({
      transport,
      leaseMs: LONGEST_MS,
      lingerMs: 0,
      maxQueuedBytes: 2 ** 40,
    })
    expect({ leaseMs, lingerMs, maxQueuedBytes }).toEqual({ leaseMs: LONGEST_MS, lingerMs: 0, maxQueuedBytes: 2 ** 40 })
  })

  test.each<[string, BrokerOptions, string]>([
    ['outbox that is none', { outbox: 7 }, "startBroker's outbox is 7; expected an object of options"],
    [
      'outbox with one that is not known',
      { outbox: { maxEntry: 1 } },
      "startBroker's outbox.maxEntry is 1; expected one of maxEntries, maxBytes, maxMessageBytes, maxDeadLetters, " +
        'durability, maxAttempts, ackTimeoutMs, retryBaseMs, retryMaxMs',
    ],
    ['outbox', { outbox: { maxEntries: 0 } }, "startBroker's outbox.maxEntries is 0; expected a number above 0"],
    [
      'outbox',
      { outbox: { ackTimeoutMs: 2 ** 31 } },
      "startBroker's outbox.ackTimeoutMs is 2147483648; expected a number above 0",
    ],
    [
      'outbox',
      { outbox: { durability: 'safe' } },
      "startBroker's outbox.durability is safe; expected relaxed or strict",
    ],
    ['batch that is none', { batch: null }, "startBroker's batch is null; expected an object of options"],
    ['batch', { batch: { maxDelayMs: 0 } }, "startBroker's batch.maxDelayMs is 0; expected a number above 0"],
    ['batch', { batch: { size: 5 } }, "startBroker's batch.size is 5; expected one of maxDelayMs, maxEvents"],
  ] as [string, BrokerOptions, string][])('are refused with a wrong %s: %o', (_, options, message) => {
    expect(() => resolveOptions({ ...options, transport })).toThrow(refusal(message))
  })

  test('of outbox and batch that are left out are the defaults, and nothing is gathered unasked', () => {
    expect(resolveOptions({ transport }).batch).toBeUndefined()
    expect(resolveOptions({ transport, batch: {} }).batch).toEqual({ maxDelayMs: 50, maxEvents: 50 })
    const { outbox } = resolveOptions({ transport, outbox: { durability: 'strict', maxAttempts: undefined } } as never)
    expect(outbox).toMatchObject({ durability: 'strict', maxAttempts: 10, maxEntries: 10_000, ackTimeoutMs: 10_000 })
  })

  test('that are undefined are the defaults', () => {
    expect(resolveOptions({ transport, lingerMs: undefined } as unknown as BrokerOptions).lingerMs).toBe(2_000)
  })
})

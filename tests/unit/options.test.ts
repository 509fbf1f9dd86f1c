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

  test('that are undefined are the defaults', () => {
    expect(resolveOptions({ transport, lingerMs: undefined } as unknown as BrokerOptions).lingerMs).toBe(2_000)
  })
})

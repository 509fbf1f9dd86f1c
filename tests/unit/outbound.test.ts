import { describe, expect, test } from 'vitest'
import { PartylineError } from '../../src/protocol/index.ts'
import { Outbound } from '../../src/worker/outgoing/outbound.ts'
import { UpstreamError, type TransportLink } from '../../src/worker/upstream/transport.ts'
import { fakeClockHost, reactions } from '../support/line/fake-clock-host.ts'
import { testTransport } from '../support/line/test-transport.ts'
import { deafSink } from '../support/line/deaf-sink.ts'

type PublishBatch = NonNullable<TransportLink['publishBatch']>

/** A way out that gathers; `batches` are the payloads that went together. */
function setUp(answer: PublishBatch = messages => messages.map(async ({ payload }) => ({ got: payload }))) {
  const host = fakeClockHost()
  const batches: unknown[][] = []
  const publishBatch: PublishBatch = messages => {
    batches.push(messages.map(({ payload }) => payload))
    return answer(messages)
  }
  const link = { ...testTransport().create(deafSink), publishBatch }
  const outbound = new Outbound({ host, link, batch: { maxDelayMs: 50, maxEvents: 3 } })
  const outcomes: unknown[] = []
  function publish(payload: unknown, signal = new AbortController().signal): void {
    outbound.publish({ channel: 'orders', event: 'place', payload }, signal).then(
      reply => outcomes.push(reply),
      (error: Error) => outcomes.push(`${String(payload)}: ${error.message}`),
    )
  }
  return { host, outbound, batches, outcomes, publish }
}

test('without a batch each message goes by itself, at once', async () => {
  const transport = testTransport()
  const link = transport.create(deafSink)
  await link.open({ credentials: undefined, signal: new AbortController().signal })
  const outbound = new Outbound({ host: fakeClockHost(), link, batch: undefined })
  const reply = outbound.publish(
    { channel: 'orders', event: 'place', payload: 1, key: 'k' },
    new AbortController().signal,
  )
  expect(transport.calls).toEqual(['open', 'publish orders place'])
  expect(await reply).toEqual({ ok: true })
})

test('a batch over a transport that cannot send several messages as one is refused', () => {
  const link = testTransport().create(deafSink)
  expect(() => new Outbound({ host: fakeClockHost(), link, batch: { maxDelayMs: 50, maxEvents: 3 } })).toThrow(
    expect.objectContaining({ code: 'bad-options', message: expect.stringContaining('batchEvent') }),
  )
})

describe('what is gathered', () => {
  test('goes together when the first has waited for maxDelayMs', async () => {
    const { host, batches, outcomes, publish } = setUp()
    publish(1)
    await host.advance(30)
    publish(2)
    await host.advance(19)
    expect(batches).toEqual([])
    await host.advance(1)
    await reactions()
    expect(batches).toEqual([[1, 2]])
    expect(outcomes).toEqual([{ got: 1 }, { got: 2 }])
  })

  test('goes at once when there are maxEvents, and the next is gathered anew', async () => {
    const { host, batches, publish } = setUp()
    for (const payload of [1, 2, 3, 4]) publish(payload)
    expect(batches).toEqual([[1, 2, 3]])
    await host.advance(50)
    expect(batches).toEqual([[1, 2, 3], [4]])
  })

  test('goes at once when somebody is about to leave, and no timer is left', () => {
    const { host, outbound, batches, publish } = setUp()
    publish(1)
    outbound.flush()
    outbound.flush()
    expect(batches).toEqual([[1]])
    expect(host.timers()).toEqual([])
  })

  test('stays behind where it is given up before it was sent', async () => {
    const { host, batches, outcomes, publish } = setUp()
    const controller = new AbortController()
    publish(1)
    publish(2, controller.signal)
    controller.abort(new Error('never mind'))
    await host.advance(50)
    await reactions()
    expect(batches).toEqual([[1]])
    expect(outcomes).toEqual(['2: never mind', { got: 1 }])
  })

  test('is not sent at all where nothing of it is left', async () => {
    const { host, batches, publish } = setUp()
    const controller = new AbortController()
    publish(1, controller.signal)
    controller.abort(new Error('never mind'))
    await host.advance(50)
    expect(batches).toEqual([])
  })

  test('hears what became of it one by one, and none waits for another', async () => {
    const { outbound, outcomes, publish } = setUp(([, refused]) => [
      new Promise(() => {}),
      Promise.reject(new UpstreamError('refused', `not ${String(refused?.payload)}`)),
      Promise.resolve('ok'),
    ])
    for (const payload of [1, 2, 3]) publish(payload)
    outbound.flush()
    await reactions()
    expect(outcomes).toEqual(['2: not 2', 'ok'])
  })

  test('hears why it could not be sent', async () => {
    const { outbound, outcomes, publish } = setUp(() => {
      throw new UpstreamError('network', 'not open')
    })
    publish(1)
    publish(2)
    outbound.flush()
    await reactions()
    expect(outcomes).toEqual(['1: not open', '2: not open'])
  })

  test('is sent without the one that cannot be sent, which alone hears so', async () => {
    const { batches, outcomes, publish } = setUp(messages => {
      if (messages.some(({ payload }) => payload === 'cycle')) throw new PartylineError('invalid-payload', 'a cycle')
      return messages.map(async ({ payload }) => payload)
    })
    for (const payload of [1, 'cycle', 3]) publish(payload)
    await reactions()
    expect(batches).toEqual([[1, 'cycle', 3], [1], ['cycle'], [3]])
    expect(new Set(outcomes)).toEqual(new Set([1, 3, 'cycle: a cycle']))
  })
})

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server, type Socket } from 'socket.io'
import { afterEach, describe, expect, it } from 'vitest'
import type { Op, ReceiptNotice } from '../../src/protocol/index.ts'
import type { BrokerOptions } from '../../src/worker/index.ts'
import { socketIo, type SocketIoOptions } from '../../src/worker/transports/socket-io.ts'
import { startNodeLine, type NodeTab } from '../support/line/node-line.ts'
import { waitFor } from '../support/line/wait-for.ts'
import { deafSink } from '../support/line/deaf-sink.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const FAST: Partial<BrokerOptions> = {
  backoffBaseMs: 10,
  backoffMaxMs: 20,
  circuitFailures: 1_000,
  outbox: { retryBaseMs: 10, retryMaxMs: 20, ackTimeoutMs: 2_000 },
}

/** What came in one message. */
interface Heard {
  readonly event: string
  readonly args: readonly unknown[]
}

interface BatchEntry {
  readonly event: string
  readonly payload?: unknown
  readonly idempotencyKey?: string
}

interface Orders {
  readonly url: string
  readonly heard: readonly Heard[]
  /** What was done, each message once. */
  readonly done: readonly unknown[]
  /** Replaced to answer otherwise, or not at all. */
  behaviour: { answer?: (event: string, payload: unknown) => unknown; batch?: (replies: unknown[]) => unknown }
  cut(): void
}

/** A server that does what it is told once: by the key it knows again what it was sent twice. */
async function serveOrders(): Promise<Orders> {
  const http = createServer()
  const io = new Server(http)
  const heard: Heard[] = []
  const done: unknown[] = []
  const answers = new Map<string, unknown>()
  const behaviour: Orders['behaviour'] = {}

  function handle(event: string, payload: unknown, key: string | undefined): unknown {
    if (key !== undefined && answers.has(key)) return answers.get(key)
    done.push(payload)
    const answer = behaviour.answer?.(event, payload) ?? { ok: true }
    if (key !== undefined) answers.set(key, answer)
    return answer
  }

  function serve(socket: Socket): void {
    socket.onAny((event: string, ...args: unknown[]) => {
      const acknowledge = args.pop() as (reply: unknown) => void
      heard.push({ event, args })
      if (event === 'batch') {
        const replies = (args[0] as BatchEntry[]).map(one => handle(one.event, one.payload, one.idempotencyKey))
        const reply = behaviour.batch === undefined ? replies : behaviour.batch(replies)
        if (reply !== 'nothing') acknowledge(reply)
        return
      }
      const [payload, more] = args as [unknown, { idempotencyKey?: string }?]
      const answer = handle(event, payload, more?.idempotencyKey)
      if (answer !== 'nothing') acknowledge(answer)
    })
  }

  io.on('connection', serve)
  io.of('/chat').on('connection', serve)
  await new Promise<void>(resolve => void http.listen(0, '127.0.0.1', resolve))
  ends.push(() => io.close())
  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    heard,
    done,
    behaviour,
    cut: () => io.disconnectSockets(true),
  }
}

async function openTab(
  { url }: Orders,
  transport: Partial<SocketIoOptions>,
  options: Partial<BrokerOptions> = {},
): Promise<NodeTab> {
  const line = startNodeLine({
    transport: socketIo({ url, transports: ['websocket'], ...transport }),
    restartSpreadMs: 0,
    ...FAST,
    ...options,
  })
  ends.push(() => line.close())
  return line.openTab()
}

let ids = 0

function publish(payload: unknown, more: { channel?: string; event?: string; key?: string; lane?: string } = {}): Op {
  const { channel = 'orders', event = 'place', key = `k${++ids}`, lane } = more
  return { op: 'publish', id: ++ids, channel, event, payload, timeoutMs: 2_000, durable: { key, lane } }
}

const idOf = (op: Op): number => (op.op === 'publish' ? op.id : -1)

function settled(tab: NodeTab, op: Op): Promise<ReceiptNotice> {
  return tab.notice('receipt', ({ id, stage }) => id === idOf(op) && (stage === 'acknowledged' || stage === 'failed'))
}

describe('idempotencyKeys', () => {
  it('come as an argument behind the payload, also behind none, with what is stored', async () => {
    const orders = await serveOrders()
    const tab = await openTab(orders, { idempotencyKeys: true })
    const ops = [publish({ table: 4 }, { key: 'order-7' }), publish(undefined, { key: 'order-8' })]
    await tab.ask(...ops)
    for (const op of ops) expect(await settled(tab, op)).toMatchObject({ stage: 'acknowledged', reply: { ok: true } })
    expect(orders.heard.map(({ args }) => args)).toEqual([
      [{ table: 4 }, { idempotencyKey: 'order-7' }],
      [null, { idempotencyKey: 'order-8' }],
    ])
  })

  it('leave their place empty where nothing is stored, so that one handler serves both', async () => {
    const orders = await serveOrders()
    const tab = await openTab(orders, { idempotencyKeys: true })
    const ops = [publish('now'), publish(undefined)].map(op => ({ ...op, durable: undefined }))
    await tab.ask(...ops)
    for (const op of ops) expect(await settled(tab, op)).toMatchObject({ stage: 'acknowledged', reply: { ok: true } })
    expect(orders.heard.map(({ args }) => args)).toEqual([
      ['now', {}],
      [null, {}],
    ])
  })

  it('stay away where nobody has asked for them', async () => {
    const orders = await serveOrders()
    const tab = await openTab(orders, {})
    const op = publish({ table: 4 })
    await tab.ask(op)
    await settled(tab, op)
    expect(orders.heard).toEqual([{ event: 'orders:place', args: [{ table: 4 }] }])
  })

  it('let a server do once what it was sent twice', async () => {
    const orders = await serveOrders()
    let answers = 0
    const { behaviour } = orders
    behaviour.answer = () => (++answers === 1 ? 'nothing' : { ok: true })
    const tab = await openTab(orders, { idempotencyKeys: true })
    const [first, second] = [publish(1), publish(2)]
    await tab.ask(first, second)
    await waitFor(() => orders.heard.length === 1, 'the first')
    // It was done, and what says so is lost.
    orders.cut()
    await waitFor(() => orders.heard.length === 2, 'it again')
    expect(orders.heard[1]).toEqual(orders.heard[0])
    expect(orders.done).toEqual([1])
  })
})

describe('a message that the server finds too large, which ends the connection each time', () => {
  it.each([{ transports: ['websocket'] }, { transports: ['polling'] }, { transports: ['polling', 'websocket'] }])(
    'is among the dead letters in the end, and all others arrive ($transports)',
    async transport => {
      const orders = await serveOrders()
      const tab = await openTab(orders, transport, { outbox: { ...FAST.outbox, maxMessageBytes: 2_000_000 } })
      const [before, large, behind, other] = [
        publish('before'),
        publish('x'.repeat(1_010_000)),
        publish('behind'),
        publish('other', { channel: 'chat' }),
      ]
      await tab.ask(before, large, behind, other)
      expect(await settled(tab, large)).toMatchObject({ stage: 'failed', error: { code: 'unconfirmed' } })
      for (const op of [before, behind, other]) expect(await settled(tab, op)).toMatchObject({ stage: 'acknowledged' })
      expect(new Set(orders.done)).toEqual(new Set(['before', 'behind', 'other']))
    },
  )
})

describe('batchEvent', () => {
  const BATCH = { batch: { maxDelayMs: 30, maxEvents: 4 } }
  const batches = ({ heard }: Orders): unknown[][] =>
    heard.filter(({ event }) => event === 'batch').map(({ args }) => (args[0] as BatchEntry[]).map(one => one.payload))

  it('carries several messages at once, each with its key, and each hears what became of it', async () => {
    const orders = await serveOrders()
    orders.behaviour.answer = (_, payload) =>
      payload === 2 ? { ok: false, error: 'no such table' } : { ok: true, payload }
    const tab = await openTab(orders, { batchEvent: 'batch', idempotencyKeys: true }, BATCH)
    const ops = [publish(1, { key: 'k-1' }), publish(2), publish(3, { channel: 'floor', event: 'move' })]
    await tab.ask(...ops)
    expect(await Promise.all(ops.map(op => settled(tab, op)))).toMatchObject([
      { stage: 'acknowledged', reply: { ok: true, payload: 1 } },
      { stage: 'failed', error: { code: 'rejected', details: { error: 'no such table' } } },
      { stage: 'acknowledged', reply: { ok: true, payload: 3 } },
    ])
    expect(batches(orders)).toEqual([[1, 2, 3]])
    expect(orders.heard).toEqual([
      {
        event: 'batch',
        args: [
          [
            { event: 'orders:place', payload: 1, idempotencyKey: 'k-1' },
            { event: 'orders:place', payload: 2, idempotencyKey: expect.any(String) },
            { event: 'floor:move', payload: 3, idempotencyKey: expect.any(String) },
          ],
        ],
      },
    ])
  })

  it('goes out as soon as maxEvents are there, in order', async () => {
    const orders = await serveOrders()
    const tab = await openTab(orders, { batchEvent: 'batch' }, { batch: { maxDelayMs: 60_000, maxEvents: 4 } })
    const ops = Array.from({ length: 8 }, (_, n) => publish(n))
    await tab.ask(...ops)
    for (const op of ops) await settled(tab, op)
    expect(batches(orders)).toEqual([
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ])
  })

  it('goes out when a tab leaves, or wants a channel no more', async () => {
    const orders = await serveOrders()
    const slow = { batch: { maxDelayMs: 60_000, maxEvents: 50 } }
    const tab = await openTab(orders, { batchEvent: 'batch' }, { ...slow, idleMs: 60_000 })
    await tab.ask({ op: 'subscribe', channel: 'orders' }, publish(1))
    await tab.notice('status', ({ status }) => status === 'open')
    await tab.notice('receipt', ({ stage }) => stage === 'stored')
    await expect.poll(async () => (await tab.stats()).traffic.published).toBe(1)
    await tab.ask({ op: 'unsubscribe', channel: 'orders' })
    await waitFor(() => orders.done.length === 1, 'the first')
    await tab.ask(publish(2))
    await expect.poll(async () => (await tab.stats()).traffic.published).toBe(2)
    tab.close()
    await waitFor(() => orders.done.length === 2, 'the second')
  })

  it('leaves other namespaces to themselves, and none waits for another', async () => {
    const orders = await serveOrders()
    orders.behaviour.answer = (_, payload) => (payload === 'slow' ? 'nothing' : { ok: true, payload })
    const tab = await openTab(orders, { batchEvent: 'batch', idempotencyKeys: true }, BATCH)
    const [slow, inChat, plain] = [
      publish('slow', { channel: '/chat#lobby', event: 'say' }),
      publish('hello', { channel: '/chat#bar', event: 'say' }),
      publish('order'),
    ]
    await tab.ask(slow, inChat, plain)
    expect(await settled(tab, plain)).toMatchObject({ stage: 'acknowledged', reply: { payload: 'order' } })
    expect(await settled(tab, inChat)).toMatchObject({ stage: 'acknowledged', reply: { payload: 'hello' } })
    expect(batches(orders)).toEqual([['order']])
    expect(
      orders.heard
        .filter(({ event }) => event !== 'batch')
        .map(({ event }) => event)
        .toSorted(),
    ).toEqual(['bar:say', 'lobby:say'])
    expect(tab.notices('receipt').some(({ id, stage }) => id === idOf(slow) && stage === 'acknowledged')).toBe(false)
  })

  it('is sent again for those of which the server has said nothing, and those are done once', async () => {
    const orders = await serveOrders()
    let batch = 0
    orders.behaviour.batch = replies => (++batch === 1 ? replies.slice(0, 1) : replies)
    const tab = await openTab(orders, { batchEvent: 'batch', idempotencyKeys: true }, BATCH)
    const ops = [publish(1), publish(2), publish(3)]
    await tab.ask(...ops)
    for (const op of ops) expect(await settled(tab, op)).toMatchObject({ stage: 'acknowledged' })
    expect(batches(orders)).toEqual([
      [1, 2, 3],
      [2, 3],
    ])
    expect(orders.done).toEqual([1, 2, 3])
  })

  it('whose answer is no array is sent again as a whole', async () => {
    const orders = await serveOrders()
    let batch = 0
    orders.behaviour.batch = replies => (++batch === 1 ? { ok: true } : replies)
    const tab = await openTab(orders, { batchEvent: 'batch', idempotencyKeys: true }, BATCH)
    const op = publish(1)
    await tab.ask(op)
    expect(await settled(tab, op)).toMatchObject({ stage: 'acknowledged' })
    expect(batches(orders)).toEqual([[1], [1]])
  })

  it('goes without the message that Socket.IO cannot send', async () => {
    const orders = await serveOrders()
    const tab = await openTab(orders, { batchEvent: 'batch' }, BATCH)
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    const [before, never, after] = [publish(1), publish(cycle, { lane: 'cycles' }), publish(3)]
    await tab.ask(before, never, after)
    expect(await settled(tab, before)).toMatchObject({ stage: 'acknowledged' })
    expect(await settled(tab, after)).toMatchObject({ stage: 'acknowledged' })
    expect(await settled(tab, never)).toMatchObject({ stage: 'failed', error: { code: 'invalid-payload' } })
    expect(orders.done).toEqual([1, 3])
    expect(await tab.stats()).toMatchObject({ outbox: { dead: 1 } })
  })

  it('is not left with the library while there is no connection', async () => {
    const orders = await serveOrders()
    const link = socketIo({ url: orders.url, batchEvent: 'batch' }).create(deafSink)
    ends.push(() => link.close())
    const { signal } = new AbortController()
    const message = { channel: 'orders', event: 'place', payload: 1, signal }
    expect(() => link.publishBatch?.([message])).toThrow(expect.objectContaining({ kind: 'network' }))
    await link.open({ credentials: undefined, signal })
    await link.publishBatch?.([{ ...message, payload: 2 }])[0]?.catch(() => undefined)
    expect(orders.done).toEqual([2])
  })

  it('is what startBroker({ batch }) needs', async () => {
    const orders = await serveOrders()
    await expect(openTab(orders, {}, BATCH)).rejects.toMatchObject({ code: 'bad-options' })
  })
})

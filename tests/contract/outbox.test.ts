import { promisifyRequest } from 'idb-keyval'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Receipt } from '../../src/client/types.ts'
import { deferred } from '../../src/lib/index.ts'
import { openOutbox as openRealOutbox, type Outbox } from '../../src/outbox/index.ts'
import { PartylineError, type OutboxCounts } from '../../src/protocol/index.ts'
import { UpstreamError } from '../../src/worker/upstream/transport.ts'
import { fakeClockHost } from '../support/line/fake-clock-host.ts'
import { nodeBrowser, type NodeBrowser, type NodeBrowserOptions } from '../support/line/node-browser.ts'
import { nodeHost } from '../support/line/node-host.ts'
import { SCOPE, startNodeLine } from '../support/line/node-line.ts'
import { rawTab } from '../support/line/raw-tab.ts'
import { idle, nodeStorage } from '../support/line/storage.ts'
import { testTransport } from '../support/line/test-transport.ts'
import { waitFor } from '../support/line/wait-for.ts'

afterEach(() => vi.restoreAllMocks())

const FAST = { backoffBaseMs: 10, backoffMaxMs: 20, circuitFailures: 10_000, idleMs: 20 }
const RETRY_FAST = { retryBaseMs: 5, retryMaxMs: 10 }

function openBrowser({ broker, ...options }: NodeBrowserOptions = {}): NodeBrowser {
  const browser = nodeBrowser({ ...options, broker: url => ({ ...FAST, ...broker?.(url) }) })
  onTestFinished(() => browser.close())
  return browser
}

function goDown({ server }: NodeBrowser): void {
  server.behaviour.open = () => Promise.reject(new UpstreamError('network', 'down'))
  server.cut()
}

function comeBack({ server }: NodeBrowser): void {
  delete server.behaviour.open
}

/** The payloads that the server got, each time that it got one. */
const arrived = ({ server }: NodeBrowser): unknown[] => server.published.map(({ payload }) => payload)

/** How the message ended, in a word. */
async function endOf(receipt: Promise<Receipt>): Promise<string> {
  const end = await (await receipt).settled
  return end.outcome === 'acknowledged' ? 'acknowledged' : `${end.outcome}: ${end.error.code}`
}

describe('a message that is published', () => {
  it('is stored while the server is down, and sent when that is back', async () => {
    const browser = openBrowser()
    goDown(browser)
    const { line } = browser.openPage()
    const receipt = await line.channel('orders').publish('place', { table: 4 })
    expect(await line.outbox.counts()).toMatchObject({ waiting: 1, dead: 0, storage: 'ready' })
    expect(await line.outbox.list()).toMatchObject([
      { key: receipt.key, state: 'waiting', lane: 'orders', body: { event: 'place', payload: { table: 4 } } },
    ])
    comeBack(browser)
    expect(await receipt.settled).toEqual({ outcome: 'acknowledged', reply: { ok: true } })
    expect(browser.server.published).toMatchObject([
      { channel: 'orders', event: 'place', payload: { table: 4 }, key: receipt.key },
    ])
    await expect.poll(() => line.outbox.counts()).toMatchObject({ waiting: 0 })
  })

  it('is told to be acknowledged with what the server answered', async () => {
    const browser = openBrowser()
    browser.server.behaviour.publish = async ({ payload }) => ({ echo: payload })
    const { settled } = await browser.openPage().line.channel('orders').publish('place', 7)
    expect(await settled).toEqual({ outcome: 'acknowledged', reply: { echo: 7 } })
  })

  it('is told to be rejected, and is among the dead letters, from where it can be sent again', async () => {
    const browser = openBrowser()
    browser.server.behaviour.publish = () => Promise.reject(new UpstreamError('refused', 'no such table'))
    const { line } = browser.openPage()
    const receipt = await line.channel('orders').publish('place', 1)
    expect(await receipt.settled).toMatchObject({ outcome: 'rejected', error: { code: 'rejected' } })
    expect(await line.outbox.list({ state: 'dead' })).toMatchObject([
      { key: receipt.key, died: { why: 'rejected', error: { code: 'rejected' } } },
    ])
    delete browser.server.behaviour.publish
    expect(await line.outbox.retry(receipt.key ?? '')).toEqual([receipt.key])
    await waitFor(() => arrived(browser).length === 2, 'the second attempt')
    await expect.poll(() => line.outbox.counts()).toMatchObject({ waiting: 0, dead: 0 })
  })

  it('expires when its ttlMs is over before it could be sent', async () => {
    const browser = openBrowser()
    goDown(browser)
    const { line } = browser.openPage()
    expect(await endOf(line.channel('orders').publish('place', 1, { ttlMs: 40 }))).toBe('expired: expired')
    expect(await line.outbox.list({ state: 'dead' })).toMatchObject([{ died: { why: 'expired' } }])
    comeBack(browser)
    await line.channel('orders').request('place', 2)
    expect(arrived(browser)).toEqual([2])
  })

  it('expires later when it is being sent just then, and the storage is left in peace meanwhile', async () => {
    const storage = nodeStorage()
    const opened = deferred<Outbox>()
    const host = fakeClockHost({
      openOutbox: async options => {
        const box = await storage(options)
        opened.resolve(box)
        return box
      },
    })
    const transport = testTransport()
    const reply = deferred<unknown>()
    transport.behaviour.publish = () => reply.promise
    const line = startNodeLine({ transport }, host)
    onTestFinished(() => line.close())
    const tab = await line.openTab()
    const op = { op: 'publish', id: 1, channel: 'orders', event: 'place', payload: 1, timeoutMs: 1_000 } as const
    await tab.ask({ ...op, durable: { key: 'k', ttlMs: 100 } })
    await waitFor(() => transport.calls.includes('publish orders place'), 'the message')
    await host.advance(100)
    await idle(await opened.promise)
    // Nothing is to be looked for at once and again.
    expect(host.timers()[0]).toBeGreaterThan(host.now())
    reply.reject(new UpstreamError('network', 'lost'))
    expect(await tab.notice('receipt', ({ stage }) => stage === 'failed')).toMatchObject({ error: { code: 'expired' } })
  })

  it('is told to be dropped when somebody drops it', async () => {
    const browser = openBrowser()
    goDown(browser)
    const { line } = browser.openPage()
    const other = browser.openPage().line
    await waitFor(() => other.status !== 'connecting', 'its broker')
    const receipt = await line.channel('orders').publish('place', 1)
    expect(await other.outbox.drop(receipt.key ?? '', 'nobody')).toEqual([receipt.key])
    expect(await endOf(Promise.resolve(receipt))).toBe('dropped: dropped')
    comeBack(browser)
    await line.channel('orders').request('place', 2)
    expect(arrived(browser)).toEqual([2])
  })

  it('gives way to a newer one of the same coalesce, which alone is sent', async () => {
    const browser = openBrowser()
    goDown(browser)
    const orders = browser.openPage().line.channel('orders')
    const [first, second] = [
      await orders.publish('cart', 1, { coalesce: 'cart' }),
      await orders.publish('cart', 2, { coalesce: 'cart' }),
    ]
    expect(await endOf(Promise.resolve(first))).toBe('dropped: replaced')
    comeBack(browser)
    expect(await second.settled).toMatchObject({ outcome: 'acknowledged' })
    expect(arrived(browser)).toEqual([2])
  })

  it('is unconfirmed when all attempts were in vain', async () => {
    const browser = openBrowser({ broker: () => ({ outbox: { ...RETRY_FAST, ackTimeoutMs: 10, maxAttempts: 3 } }) })
    browser.server.behaviour.publish = () => new Promise(() => {})
    const { line } = browser.openPage()
    expect(await endOf(line.channel('orders').publish('place', 1))).toBe('unconfirmed: unconfirmed')
    expect(new Set(browser.server.published.map(({ key }) => key)).size).toBe(1)
    expect(browser.server.published).toHaveLength(3)
    expect(await line.outbox.list({ state: 'dead' })).toMatchObject([{ died: { why: 'unconfirmed' } }])
  })

  it('stays in order behind those of its lane, also those of other tabs, and waits for no other lane', async () => {
    const browser = openBrowser()
    const { server } = browser
    const gate = deferred<unknown>()
    server.behaviour.publish = ({ channel }) => (channel === 'orders' ? gate.promise : Promise.resolve('ok'))
    const [one, two] = [browser.openPage().line, browser.openPage().line]
    await one.channel('orders').publish('place', 1)
    await waitFor(() => arrived(browser).length === 1, 'the first')
    await two.channel('orders').publish('place', 2)
    await one.channel('orders').publish('place', 3)
    await two.channel('floor').publish('move', 4, { lane: 'orders' })
    expect(await endOf(one.channel('floor').publish('move', 5))).toBe('acknowledged')
    expect(arrived(browser)).toEqual([1, 5])
    gate.resolve('ok')
    await waitFor(() => arrived(browser).length === 5, 'all of them')
    expect(arrived(browser)).toEqual([1, 5, 2, 3, 4])
  })

  it('is sent by the next broker also where its tab is gone, without any other demand, and then the line rests', async () => {
    const browser = openBrowser()
    goDown(browser)
    const { line } = browser.openPage()
    await line.channel('orders').publish('place', 1)
    line.close()
    browser.brokers[0]?.broker.close()
    browser.brokers[0]?.kill()
    comeBack(browser)
    const later = browser.openPage().line
    later.on('status', () => undefined)
    await waitFor(() => arrived(browser).length === 1, 'the message')
    await waitFor(() => browser.server.connections() === 0, 'no connection any more')
    expect((await later.outbox.counts()).waiting).toBe(0)
  })
})

describe('messages that are asked for again', () => {
  const op = { op: 'publish', channel: 'orders', event: 'place', timeoutMs: 10_000 } as const
  const asked = (id: number, again: boolean) => ({ ...op, id, payload: id, durable: { key: `k${id}`, again } })

  it.each([
    ['are new to the broker', false],
    ['are stored already', true],
  ])('go before what is published after them: they %s', async (_, areStored) => {
    const transport = testTransport()
    const sent: unknown[] = []
    const first = deferred<void>()
    transport.behaviour.publish = async ({ payload }) => {
      if (sent.push(payload) === 1) await first.promise
    }
    const line = startNodeLine({ transport }, nodeHost({ openOutbox: nodeStorage() }))
    onTestFinished(() => line.close())
    const tab = await line.openTab()
    const ask = (ids: readonly number[], again: boolean) => tab.ask(...ids.map(id => asked(id, again)))
    await ask([0], false)
    await waitFor(() => sent.length === 1, 'the first message')
    if (areStored) await ask([1, 2, 3], false)
    // With the lane free what is new could go at once.
    else first.resolve()
    const [last, told] = areStored ? [3, 'stored'] : [0, 'acknowledged']
    await tab.notice('receipt', ({ id, stage }) => id === last && stage === told)
    await Promise.all([ask([1, 2, 3], true), ask([4, 5, 6], false)])
    first.resolve()
    await waitFor(() => sent.length >= 7, 'all messages')
    expect(sent).toEqual([0, 1, 2, 3, 4, 5, 6])
  })
})

describe('what is not to be stored', () => {
  it('is told to be not sent while the server is down, and nothing of it is kept', async () => {
    const browser = openBrowser()
    goDown(browser)
    const { line } = browser.openPage()
    const options = { timeoutMs: 30 }
    await expect(line.channel('orders').publish('place', 1, { ...options, durable: false })).rejects.toMatchObject({
      code: 'not-sent',
    })
    await expect(line.channel('orders').request('place', 2, options)).rejects.toMatchObject({ code: 'not-sent' })
    expect(await line.outbox.counts()).toMatchObject({ waiting: 0, dead: 0 })
    comeBack(browser)
    expect(await line.channel('orders').request('place', 3)).toEqual({ ok: true })
    expect(browser.server.published).toMatchObject([{ channel: 'orders', event: 'place', payload: 3, key: undefined }])
  })
})

describe('before it is known whether messages can be stored', () => {
  function gated(): { browser: NodeBrowser; open: (error?: Error) => void } {
    const storage = nodeStorage()
    const gate = deferred<void>()
    const browser = openBrowser({
      openOutbox: async options => {
        await gate.promise
        return storage(options)
      },
    })
    return { browser, open: error => (error === undefined ? gate.resolve() : gate.reject(error)) }
  }

  it('what is published waits, and is stored and sent in its order', async () => {
    const { browser, open } = gated()
    const orders = browser.openPage().line.channel('orders')
    const first = [1, 2, 3].map(payload => orders.publish('place', payload))
    await waitFor(() => browser.brokers[0]?.broker.stats().sessions.attached === 1, 'the tab')
    expect(browser.brokers[0]?.broker.stats().outbox.storage).toBe('opening')
    open()
    const then = [4, 5].map(payload => orders.publish('place', payload))
    for (const receipt of [...first, ...then]) expect(await endOf(receipt)).toBe('acknowledged')
    expect(arrived(browser)).toEqual([1, 2, 3, 4, 5])
  })

  it('what is given up is neither stored nor sent', async () => {
    const { browser, open } = gated()
    const { line } = browser.openPage()
    const controller = new AbortController()
    const given = line.channel('orders').publish('place', 1, { signal: controller.signal })
    const kept = line.channel('orders').publish('place', 2)
    await waitFor(() => line.status === 'idle', 'a broker')
    controller.abort(new Error('never mind'))
    await expect(given).rejects.toThrow('never mind')
    // It is asked behind the word that the message is given up.
    await line.stats()
    open()
    expect(await endOf(kept)).toBe('acknowledged')
    expect(arrived(browser)).toEqual([2])
  })

  it('what is asked of the outbox waits for the answer, and the tab keeps its broker', async () => {
    const { browser, open } = gated()
    const { line } = browser.openPage()
    await waitFor(() => line.status === 'idle', 'a broker')
    const list = line.outbox.list()
    open()
    expect(await list).toEqual([])
    expect(browser.brokers[0]?.broker.stats().sessions.detachedDead).toBe(0)
  })

  it('what was published is sent directly when it turns out that nothing can be stored', async () => {
    const { browser, open } = gated()
    const { line } = browser.openPage()
    const published = line.channel('orders').publish('place', 1)
    await waitFor(() => line.status === 'idle', 'a broker')
    open(new PartylineError('storage-unavailable', 'private'))
    expect(await endOf(published)).toBe('acknowledged')
  })
})

describe('where nothing can be stored', () => {
  const forbidden = (): Promise<never> => Promise.reject(new PartylineError('storage-unavailable', 'a private window'))

  it('a message is sent directly, and publish resolves when it was acknowledged', async () => {
    const browser = openBrowser({ openOutbox: forbidden })
    const reply = deferred<unknown>()
    browser.server.behaviour.publish = () => reply.promise
    const { line } = browser.openPage()
    let isSafe = false
    const published = line.channel('orders').publish('place', 1)
    void published.then(() => (isSafe = true))
    await waitFor(() => arrived(browser).length === 1, 'the message')
    await line.stats()
    expect(isSafe).toBe(false)
    reply.resolve('ok')
    const receipt = await published
    expect(await receipt.settled).toEqual({ outcome: 'acknowledged', reply: 'ok' })
    expect(browser.server.published[0]?.key).toBe(receipt.key)
    expect(browser.errors).toMatchObject([{ code: 'storage-unavailable' }])
  })

  it('publish rejects where there is no line in time, where the server refuses, and where it is given up', async () => {
    const browser = openBrowser({ openOutbox: forbidden })
    goDown(browser)
    const orders = browser.openPage().line.channel('orders')
    await expect(orders.publish('place', 1, { timeoutMs: 40 })).rejects.toMatchObject({ code: 'not-sent' })
    const controller = new AbortController()
    const given = orders.publish('place', 2, { signal: controller.signal })
    controller.abort(new Error('never mind'))
    await expect(given).rejects.toThrow('never mind')
    comeBack(browser)
    browser.server.behaviour.publish = () => Promise.reject(new UpstreamError('refused', 'no'))
    await expect(orders.publish('place', 3)).rejects.toMatchObject({ code: 'rejected' })
    expect(arrived(browser)).toEqual([3])
  })

  it('the outbox says so, and the tab keeps its broker', async () => {
    const browser = openBrowser({ openOutbox: forbidden })
    const { line } = browser.openPage()
    await waitFor(() => line.status === 'idle', 'a broker')
    const before = (await line.stats()).epoch
    expect(await line.outbox.counts()).toEqual({ waiting: 0, dead: 0, bytes: 0, storage: 'unavailable' })
    for (const call of [line.outbox.list(), line.outbox.retry('k'), line.outbox.drop('k')])
      await expect(call).rejects.toMatchObject({ code: 'storage-unavailable', retryable: false })
    expect(await line.stats()).toMatchObject({ epoch: before, sessions: { attached: 1 } })
    expect(line.status).toBe('idle')
  })
})

describe('an outbox that does not open at first', () => {
  const storage = nodeStorage()
  const locked = new PartylineError('storage-unavailable', 'it is locked', { retryable: true })

  it('is opened for the next tab, and what waits in there is sent', async () => {
    let isLocked = true
    const openOutbox: typeof storage = options => (isLocked ? Promise.reject(locked) : storage(options))
    const browser = openBrowser({ openOutbox })
    const box = await storage({ scope: SCOPE })
    const body = { kind: 'message', channel: 'orders', event: 'place', payload: 1 } as const
    await box.add({ key: 'k', lane: 'orders', bytes: 8, createdAt: 1, body })
    const { line } = browser.openPage()
    await waitFor(() => line.status === 'idle', 'a broker')
    expect(await line.outbox.counts()).toMatchObject({ storage: 'unavailable' })
    for (const call of [line.outbox.list(), line.outbox.retry('k'), line.outbox.drop('k')])
      await expect(call).rejects.toMatchObject({ code: 'storage-unavailable', retryable: true })
    expect(await endOf(line.channel('orders').publish('place', 0))).toBe('acknowledged')
    isLocked = false
    const next = browser.openPage().line
    await waitFor(() => arrived(browser).length === 2, 'the message')
    expect(arrived(browser)).toEqual([0, 1])
    await expect.poll(() => next.outbox.counts()).toMatchObject({ waiting: 0, storage: 'ready' })
    const receipt = await line.channel('orders').publish('place', 2)
    expect(await endOf(Promise.resolve(receipt))).toBe('acknowledged')
    expect(browser.brokers).toHaveLength(1)
  })

  it('is opened later also without another tab, and its trouble is told once', async () => {
    let opened = 0
    const host = fakeClockHost({
      openOutbox: options => (++opened < 3 ? Promise.reject(locked) : storage(options)),
    })
    const line = startNodeLine({ transport: testTransport() }, host, 'later')
    onTestFinished(() => line.close())
    await line.openTab({ scope: 'later' })
    await waitFor(() => line.broker.stats().outbox.storage === 'unavailable', 'the failure')
    await host.advance(30_000)
    expect(opened).toBe(2)
    await host.advance(30_000)
    await waitFor(() => line.broker.stats().outbox.storage === 'ready', 'the storage')
    expect(opened).toBe(3)
    expect(host.errors).toEqual([locked])
  })

  it.each([
    ['where that cannot help', new PartylineError('storage-too-new', 'a newer deploy has made it'), 'ping'],
    ['when the line was forgotten', locked, 'forget'],
  ])('is not opened any more %s', async (_, error, word) => {
    let opened = 0
    const host = fakeClockHost({ openOutbox: () => (opened++, Promise.reject(error)) })
    const line = startNodeLine({ transport: testTransport() }, host)
    onTestFinished(() => line.close())
    const tab = await rawTab(line)
    await waitFor(() => line.broker.stats().outbox.storage === 'unavailable', 'the failure')
    expect(await tab.call(word, tab.epoch)).toMatchObject({ ok: true })
    await host.advance(120_000)
    expect(opened).toBe(1)
  })
})

describe('the limits', () => {
  it('outbox-full reaches the one who published too much, and nobody else', async () => {
    const browser = openBrowser({ broker: () => ({ outbox: { maxEntries: 2 } }) })
    goDown(browser)
    const [one, two] = [browser.openPage().line.channel('orders'), browser.openPage().line.channel('floor')]
    const stored = [await one.publish('place', 1), await two.publish('move', 2)]
    await expect(one.publish('place', 3)).rejects.toMatchObject({ code: 'outbox-full', retryable: true })
    comeBack(browser)
    for (const receipt of stored) expect(await endOf(Promise.resolve(receipt))).toBe('acknowledged')
    expect(new Set(arrived(browser))).toEqual(new Set([1, 2]))
    expect(await endOf(one.publish('place', 4))).toBe('acknowledged')
  })

  it('message-too-large reaches its caller, and no message beside it', async () => {
    const browser = openBrowser({ broker: () => ({ outbox: { maxMessageBytes: 100 } }) })
    goDown(browser)
    const orders = browser.openPage().line.channel('orders')
    const before = orders.publish('place', 'a')
    const tooLarge = orders.publish('place', 'x'.repeat(101))
    const after = orders.publish('place', 'b')
    await expect(tooLarge).rejects.toMatchObject({ code: 'message-too-large', retryable: false })
    comeBack(browser)
    for (const receipt of [before, after]) expect(await endOf(receipt)).toBe('acknowledged')
    expect(arrived(browser)).toEqual(['a', 'b'])
  })
})

describe('a message that is given up', () => {
  it('while it is being stored is not sent', async () => {
    const browser = openBrowser()
    goDown(browser)
    const { line } = browser.openPage()
    await waitFor(() => line.status === 'idle', 'a broker')
    const controller = new AbortController()
    const published = line.channel('orders').publish('place', 1, { signal: controller.signal })
    // The call is on its way.
    await Promise.resolve()
    controller.abort(new Error('never mind'))
    await expect(published).rejects.toThrow('never mind')
    await expect.poll(() => line.outbox.counts()).toMatchObject({ waiting: 0 })
    comeBack(browser)
    await line.channel('orders').request('place', 2)
    expect(arrived(browser)).toEqual([2])
  })

  it('after it was stored is sent all the same', async () => {
    const browser = openBrowser()
    goDown(browser)
    const controller = new AbortController()
    const receipt = await browser.openPage().line.channel('orders').publish('place', 1, { signal: controller.signal })
    controller.abort()
    comeBack(browser)
    expect(await endOf(Promise.resolve(receipt))).toBe('acknowledged')
  })
})

describe("a key of the app's own", () => {
  it('is stored and sent once, and all who publish under it hear what became of it', async () => {
    const browser = openBrowser()
    goDown(browser)
    const key = 'order-7'
    const [one, two] = [browser.openPage().line, browser.openPage().line]
    const receipts = [
      one.channel('orders').publish('place', 7, { key }),
      one.channel('orders').publish('place', 7, { key }),
      two.channel('orders').publish('place', 7, { key }),
    ]
    for (const receipt of receipts) expect((await receipt).key).toBe(key)
    expect((await one.outbox.counts()).waiting).toBe(1)
    comeBack(browser)
    for (const receipt of receipts) expect(await endOf(receipt)).toBe('acknowledged')
    expect(arrived(browser)).toEqual([7])
  })

  it('changes nothing about the order of the lane, whichever messages have one', async () => {
    const browser = openBrowser()
    const orders = browser.openPage().line.channel('orders')
    const numbers = Array.from({ length: 12 }, (_, n) => n)
    const keyed = (n: number): object => (n % 3 === 1 ? { key: `order-${n}` } : {})
    await orders.request('place', numbers.shift())
    const ends = numbers.map(n => endOf(orders.publish('place', n, keyed(n))))
    expect(new Set(await Promise.all(ends))).toEqual(new Set(['acknowledged']))
    expect(arrived(browser)).toEqual([0, ...numbers])
  })

  it('under which there is a dead letter is for the new message, which takes its place', async () => {
    const browser = openBrowser()
    browser.server.behaviour.publish = ({ payload }) =>
      payload === 'wrong' ? Promise.reject(new UpstreamError('refused', 'no')) : Promise.resolve('ok')
    const { line } = browser.openPage()
    const orders = line.channel('orders')
    const key = 'order-7'
    expect(await endOf(orders.publish('place', 'wrong', { key }))).toBe('rejected: rejected')
    expect(await endOf(orders.publish('place', 'right', { key }))).toBe('acknowledged')
    expect(browser.server.published.map(sent => [sent.key, sent.payload])).toEqual([
      [key, 'wrong'],
      [key, 'right'],
    ])
    await expect.poll(() => line.outbox.counts()).toMatchObject({ waiting: 0, dead: 0 })
  })

  it('of a message that nobody has acknowledged is sent again when it is published again', async () => {
    const browser = openBrowser({ broker: () => ({ outbox: { ...RETRY_FAST, ackTimeoutMs: 10, maxAttempts: 2 } }) })
    browser.server.behaviour.publish = () => new Promise(() => {})
    const orders = browser.openPage().line.channel('orders')
    const key = 'order-7'
    expect(await endOf(orders.publish('place', 7, { key }))).toBe('unconfirmed: unconfirmed')
    delete browser.server.behaviour.publish
    expect(await endOf(orders.publish('place', 7, { key }))).toBe('acknowledged')
    expect(arrived(browser)).toEqual([7, 7, 7])
  })

  it('under which a message is being refused just then is told so as well', async () => {
    const browser = openBrowser()
    const answer = deferred<unknown>()
    browser.server.behaviour.publish = () => answer.promise
    const { line } = browser.openPage()
    const key = 'order-7'
    const first = line.channel('orders').publish('place', 7, { key })
    await waitFor(() => arrived(browser).length === 1, 'the message')
    const second = line.channel('orders').publish('place', 7, { key })
    await line.stats()
    answer.reject(new UpstreamError('refused', 'no'))
    for (const receipt of [first, second]) expect(await endOf(receipt)).toBe('rejected: rejected')
    expect(arrived(browser)).toEqual([7])
    expect(await line.outbox.counts()).toMatchObject({ waiting: 0, dead: 1 })
  })

  it('that a call of fetch has is refused, and nothing is sent', async () => {
    const storage = nodeStorage()
    const browser = openBrowser({ openOutbox: storage })
    const box = await storage({ scope: SCOPE })
    const body = { kind: 'request', url: '/orders', method: 'POST', headers: [], credentials: 'same-origin' } as const
    await box.add({ key: 'order-7', lane: '/orders', bytes: 8, createdAt: 1, body })
    const orders = browser.openPage().line.channel('orders')
    await expect(orders.publish('place', 7, { key: 'order-7' })).rejects.toMatchObject({
      code: 'bad-options',
      message: expect.stringContaining('order-7'),
    })
    expect(arrived(browser)).toEqual([])
  })

  it('that one of two has given up is sent for the other', async () => {
    const browser = openBrowser()
    goDown(browser)
    const [one, two] = [browser.openPage().line, browser.openPage().line]
    const receipt = two.channel('orders').publish('place', 7, { key: 'order-7' })
    await receipt
    const controller = new AbortController()
    const given = one.channel('orders').publish('place', 7, { key: 'order-7', signal: controller.signal })
    await Promise.resolve()
    controller.abort(new Error('never mind'))
    await given.catch(() => undefined)
    await one.stats()
    comeBack(browser)
    expect(await endOf(receipt)).toBe('acknowledged')
  })
})

describe('who listens to how full the outbox is', () => {
  it('hears it now and after every change, at most every 100 ms', async () => {
    const host = fakeClockHost()
    const transport = testTransport()
    transport.behaviour.open = () => new Promise(() => {})
    const line = startNodeLine({ transport }, host)
    onTestFinished(() => line.close())
    const raw = await rawTab(line, { watchesOutbox: true })
    raw.acknowledgeAll()
    const told = (): OutboxCounts[] =>
      raw.frames.flatMap(({ items }) =>
        items.flatMap(item =>
          typeof item === 'object' && 'type' in item && item.type === 'outbox' ? [item as OutboxCounts] : [],
        ),
      )
    await waitFor(() => line.broker.stats().outbox.storage === 'ready', 'the storage')
    await waitFor(() => told().length === 1, 'the first word')
    await host.advance(100)
    await waitFor(() => told().length === 2, 'that it can be stored')
    for (let id = 1; id <= 10; id++) {
      const op = { op: 'publish', id, channel: 'orders', event: 'place', payload: id, timeoutMs: 1_000 }
      await raw.call('ask', { epoch: raw.epoch, ops: [{ ...op, durable: { key: `k${id}` } }] })
    }
    await waitFor(() => line.broker.stats().outbox.waiting === 10, 'ten messages')
    await host.advance(99)
    expect(told()).toHaveLength(2)
    await host.advance(1)
    await waitFor(() => told().length === 3, 'the next word')
    expect(told().map(({ waiting, storage }) => [waiting, storage])).toEqual([
      [0, 'opening'],
      [0, 'ready'],
      [10, 'ready'],
    ])
  })

  it('goes on hearing it from the next broker, and after the page was cached', async () => {
    const browser = openBrowser({ speed: 5 })
    goDown(browser)
    const page = browser.openPage()
    const counts: number[] = []
    page.line.outbox.onChange(({ waiting }) => counts.push(waiting))
    await page.line.channel('orders').publish('place', 1)
    await waitFor(() => counts.at(-1) === 1, 'the first')
    browser.brokers[0]?.kill()
    page.noticeSilence()
    await waitFor(() => browser.brokers[1]?.broker.stats().outbox.waiting === 1, 'the next broker')
    await page.line.channel('orders').publish('place', 2)
    await waitFor(() => counts.at(-1) === 2, 'the second')
    page.cache()
    await waitFor(() => browser.brokers[1]?.broker.stats().sessions.suspended === 1, 'the cache')
    page.restore()
    await waitFor(() => page.line.status === 'offline', 'the broker again')
    await page.line.channel('orders').publish('place', 3)
    await waitFor(() => counts.at(-1) === 3, 'the third')
  })

  it('hears it also where it began to listen while its page was cached', async () => {
    const browser = openBrowser()
    goDown(browser)
    const page = browser.openPage()
    await page.line.channel('orders').publish('place', 1)
    page.cache()
    await waitFor(() => browser.brokers[0]?.broker.stats().sessions.suspended === 1, 'the cache')
    const counts: number[] = []
    page.line.outbox.onChange(({ waiting }) => counts.push(waiting))
    page.restore()
    await waitFor(() => counts.at(-1) === 1, 'the counts')
  })

  it('finds them in the figures, too', async () => {
    const browser = openBrowser()
    goDown(browser)
    const { line } = browser.openPage()
    await line.channel('orders').publish('place', 'four')
    expect((await line.stats()).outbox).toEqual({ waiting: 1, dead: 0, bytes: 4, storage: 'ready' })
  })
})

it('a list has as many entries as asked for, page by page', async () => {
  const browser = openBrowser()
  goDown(browser)
  const { line } = browser.openPage()
  for (const payload of [1, 2, 3]) await line.channel('orders').publish('place', payload)
  const payloads = async (options: { count?: number; after?: number }): Promise<unknown[]> =>
    (await line.outbox.list(options)).map(({ body }) => (body.kind === 'message' ? body.payload : body))
  expect(await payloads({ count: 0 })).toEqual([])
  expect(await payloads({ count: 2 })).toEqual([1, 2])
  const [, second] = await line.outbox.list()
  expect(await payloads({ after: second?.seq ?? 0 })).toEqual([3])
})

it('what is published in one tick is stored in one transaction', async () => {
  const browser = openBrowser()
  goDown(browser)
  const { line } = browser.openPage()
  await line.channel('orders').publish('place', 0)
  await waitFor(() => browser.brokers[0]?.broker.stats().connection.state === 'waiting', 'peace')
  const transactions = vi.spyOn(IDBDatabase.prototype, 'transaction')
  await Promise.all(Array.from({ length: 50 }, (_, n) => line.channel(`c${n % 7}`).publish('place', n)))
  expect(transactions.mock.calls.length).toBeLessThanOrEqual(2)
})

it('line.forget() wipes what is stored', async () => {
  const browser = openBrowser()
  goDown(browser)
  const { line } = browser.openPage()
  const receipt = await line.channel('orders').publish('place', 1)
  await line.forget()
  expect(await receipt.settled).toMatchObject({ outcome: 'unconfirmed', error: { code: 'forgotten' } })
  comeBack(browser)
  const next = browser.openPage().line
  await next.channel('orders').request('place', 2)
  expect(await next.outbox.counts()).toMatchObject({ waiting: 0, dead: 0 })
  expect(arrived(browser)).toEqual([2])
})

it('line.forget() right after a tab has attached is no failure of what it cuts off', async () => {
  const host = nodeHost({ openOutbox: nodeStorage() })
  const line = startNodeLine({ transport: testTransport() }, host)
  onTestFinished(() => line.close())
  const tab = await rawTab(line)
  const end = deferred<void>()
  tab.control.addEventListener('message', ({ data }: MessageEvent<{ error?: object }>) => data.error && end.resolve())
  expect(await tab.call('forget', tab.epoch)).toMatchObject({ ok: true })
  await end.promise
  expect(host.errors).toEqual([])
})

it('line.forget() deletes what is stored also where it could not be opened', async () => {
  const scope = `newer ${crypto.randomUUID()}`
  const name = `partyline:outbox:${scope}`
  const newer = await promisifyRequest(indexedDB.open(name, 99))
  newer.close()
  const host = nodeHost({ openOutbox: openRealOutbox })
  const line = startNodeLine({ transport: testTransport() }, host, scope)
  onTestFinished(() => line.close())
  const tab = await rawTab(line, { scope })
  await waitFor(() => line.broker.stats().outbox.storage === 'unavailable', 'the failure')
  expect(host.errors).toMatchObject([{ code: 'storage-too-new' }])
  expect(await tab.call('forget', tab.epoch)).toMatchObject({ ok: true })
  expect((await indexedDB.databases()).map(database => database.name)).not.toContain(name)
})

it('scopes never see what another has stored', async () => {
  const openOutbox = nodeStorage()
  const lines = ['ann', 'bob'].map(scope => {
    const transport = testTransport()
    transport.behaviour.open = () => new Promise(() => {})
    return startNodeLine({ transport }, nodeHost({ openOutbox }), scope)
  })
  onTestFinished(() => lines.forEach(line => line.close()))
  const [ann, bob] = lines
  const tab = await ann?.openTab()
  const publish = { op: 'publish', id: 1, channel: 'orders', event: 'place', payload: 1, timeoutMs: 1_000 } as const
  await tab?.ask({ ...publish, durable: { key: 'k' } })
  await tab?.notice('receipt', ({ stage }) => stage === 'stored')
  await bob?.openTab()
  await waitFor(() => bob?.broker.stats().outbox.storage === 'ready', 'the storage')
  expect([ann, bob].map(line => line?.broker.stats().outbox.waiting)).toEqual([1, 0])
})

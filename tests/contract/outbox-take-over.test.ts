import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { deferred } from '../../src/lib/index.ts'
import type { BrokerHost } from '../../src/worker/index.ts'
import { UpstreamError } from '../../src/worker/upstream/transport.ts'
import { nodeBrowser, type NodeBrowser, type NodeBrowserOptions } from '../support/line/node-browser.ts'
import { nodeHost } from '../support/line/node-host.ts'
import { SCOPE, startNodeLine } from '../support/line/node-line.ts'
import { nodeStorage } from '../support/line/storage.ts'
import { testTransport } from '../support/line/test-transport.ts'
import { waitFor } from '../support/line/wait-for.ts'

const FAST = { backoffBaseMs: 10, backoffMaxMs: 20, circuitFailures: 10_000, livenessPollMs: 3_600_000 }
const OLDER = 'https://app.example/worker-1.js'
const NEWER = 'https://app.example/worker-2.js'

function openBrowser(options: NodeBrowserOptions = {}): NodeBrowser {
  const browser = nodeBrowser({
    speed: 5,
    ...options,
    broker: url => ({ ...FAST, build: url === NEWER ? 2 : 1, ...options.broker?.(url) }),
  })
  onTestFinished(() => browser.close())
  return browser
}

/** What a server that deduplicates by key would have handled, in order. */
function handled({ server }: NodeBrowser): unknown[] {
  return [...new Map(server.published.toReversed().map(({ key, payload }) => [key, payload]))]
    .toReversed()
    .map(([, payload]) => payload)
}

const statsOf = (browser: NodeBrowser, index: number) => browser.brokers[index]?.broker.stats()

describe('when a broker dies', () => {
  it('what it was asked to store and had not stored is asked of the next under the same key, and sent once', async () => {
    const storage = nodeStorage()
    let opened = 0
    const openOutbox: BrokerHost['openOutbox'] = options => (++opened === 1 ? new Promise(() => {}) : storage(options))
    const browser = openBrowser({ openOutbox })
    const page = browser.openPage()
    const orders = page.line.channel('orders')
    const published = [1, 2, 3].map(payload => orders.publish('place', payload))
    await waitFor(() => statsOf(browser, 0)?.sessions.attached === 1, 'the tab')
    await page.line.stats()
    browser.brokers[0]?.kill()
    page.noticeSilence()
    for (const receipt of published) expect(await (await receipt).settled).toMatchObject({ outcome: 'acknowledged' })
    expect(browser.server.published.map(({ payload }) => payload)).toEqual([1, 2, 3])
    const keys = await Promise.all(published.map(async receipt => (await receipt).key))
    expect(browser.server.published.map(({ key }) => key)).toEqual(keys)
  })

  it('what was stored is sent by the next under the same key, and settled for its tab', async () => {
    const browser = openBrowser()
    browser.server.behaviour.publish = () => new Promise(() => {})
    const page = browser.openPage()
    const receipt = await page.line.channel('orders').publish('place', 1)
    await waitFor(() => browser.server.published.length === 1, 'the first attempt')
    browser.brokers[0]?.kill()
    delete browser.server.behaviour.publish
    page.noticeSilence()
    expect(await receipt.settled).toEqual({ outcome: 'acknowledged', reply: { ok: true } })
    expect(browser.server.published.map(({ key }) => key)).toEqual([receipt.key, receipt.key])
  })

  it('what waits is sent by the next also when that starts while the right to send of the dead one lasts', async () => {
    const storage = nodeStorage()
    const box = await storage({ scope: SCOPE })
    const asked = deferred<void>()
    const openOutbox: BrokerHost['openOutbox'] = async options => {
      const opened = await storage(options)
      const lease = opened.lease.bind(opened)
      opened.lease = (...args) => lease(...args).finally(asked.resolve)
      return opened
    }
    const body = { kind: 'message', channel: 'orders', event: 'place', payload: 1 } as const
    await box.add({ key: 'k', lane: 'orders', bytes: 8, createdAt: Date.now(), body })
    await box.lease('message', 'dead')
    const transport = testTransport()
    const line = startNodeLine({ transport, ...FAST }, nodeHost({ openOutbox }))
    onTestFinished(() => line.close())
    // The line opens when the broker has asked for the right to send and not got it.
    transport.behaviour.open = () => asked.promise
    await line.openTab({ wanted: [{ channel: 'orders' }] })
    await waitFor(() => transport.calls.includes('publish orders place'), 'the message')
    await waitFor(() => line.broker.stats().outbox.waiting === 0, 'the end of it')
  })

  it('what somebody else has begun to send is asked of it by a broker that has a line', async () => {
    const storage = nodeStorage()
    const box = await storage({ scope: SCOPE })
    const transport = testTransport()
    const line = startNodeLine({ transport, ...FAST }, nodeHost({ openOutbox: storage }))
    onTestFinished(() => line.close())
    const tab = await line.openTab({ wanted: [{ channel: 'orders' }] })
    await waitFor(() => line.broker.stats().connection.state === 'open', 'the line')
    await waitFor(async () => (await box.lease('message', 'a service worker')) !== undefined, 'the right to send')
    await tab.ask({
      op: 'publish',
      id: 1,
      channel: 'orders',
      event: 'place',
      payload: 1,
      timeoutMs: 1_000,
      durable: { key: 'k' },
    })
    await waitFor(() => box.isAttended(), 'the broker’s word')
    await box.release('message', 'a service worker')
    await waitFor(() => transport.calls.includes('publish orders place'), 'the message')
  })

  it('what tabs had published that are gone is sent as well', async () => {
    const browser = openBrowser()
    browser.server.behaviour.open = () => Promise.reject(new UpstreamError('network', 'down'))
    const [gone, other] = [browser.openPage(), browser.openPage()]
    await gone.line.channel('orders').publish('place', 1)
    gone.line.close()
    await waitFor(() => statsOf(browser, 0)?.sessions.attached === 1, 'the farewell')
    browser.brokers[0]?.kill()
    delete browser.server.behaviour.open
    other.noticeSilence()
    await waitFor(() => browser.server.published.length === 1, 'the message')
    await waitFor(() => statsOf(browser, 1)?.outbox.waiting === 0, 'an empty outbox')
  })

  it('what the server had refused is told by the next', async () => {
    const browser = openBrowser()
    browser.server.behaviour.publish = () => Promise.reject(new UpstreamError('refused', 'no such table'))
    const page = browser.openPage()
    const orders = page.line.channel('orders')
    await orders.request('ready').catch(() => undefined)
    const key = 'order-7'
    page.hold()
    const published = orders.publish('place', 7, { key })
    await waitFor(() => statsOf(browser, 0)?.outbox.dead === 1, 'the dead letter')
    browser.brokers[0]?.kill()
    page.noticeSilence()
    page.release()
    expect(await (await published).settled).toMatchObject({ outcome: 'rejected', error: { code: 'rejected' } })
    expect(browser.server.published.filter(({ payload }) => payload === 7)).toHaveLength(1)
  })

  it('nobody says that a message was acknowledged when the outbox was wiped meanwhile', async () => {
    const storage = nodeStorage()
    const browser = openBrowser({ openOutbox: storage })
    browser.server.behaviour.open = () => Promise.reject(new UpstreamError('network', 'down'))
    const page = browser.openPage()
    const receipt = await page.line.channel('orders').publish('place', 1)
    browser.brokers[0]?.kill()
    await (await storage({ scope: 'ann', randomId: () => 'another outbox' })).wipe()
    delete browser.server.behaviour.open
    page.noticeSilence()
    expect(await receipt.settled).toMatchObject({ outcome: 'unconfirmed', error: { code: 'unconfirmed' } })
    expect(browser.server.published).toEqual([])
  })

  it('every stored message reaches a server that deduplicates once, and in the order of its lane, however often', async () => {
    const act = fc.oneof(
      { weight: 6, arbitrary: fc.record({ act: fc.constant('publish' as const), lane: fc.constantFrom('a', 'b') }) },
      { weight: 1, arbitrary: fc.constant({ act: 'kill' as const }) },
      { weight: 1, arbitrary: fc.constant({ act: 'give up' as const }) },
      { weight: 2, arbitrary: fc.constant({ act: 'cut' as const }) },
      { weight: 2, arbitrary: fc.constant({ act: 'lose the answers' as const }) },
      { weight: 2, arbitrary: fc.constant({ act: 'answer' as const }) },
      { weight: 3, arbitrary: fc.constant({ act: 'breathe' as const }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 4, maxLength: 20 }), async acts => {
        const browser = nodeBrowser({ speed: 20, broker: () => ({ ...FAST, outbox: { retryMaxMs: 20 } }) })
        try {
          const pages = [browser.openPage(), browser.openPage()]
          const outcomes: Promise<string>[] = []
          let kills = 0
          let n = 0
          for (const next of acts) {
            if (next.act === 'publish') {
              const { line } = pages[n % 2] ?? browser.openPage()
              const receipt = line.channel(next.lane).publish('place', `${next.lane}${++n}`)
              outcomes.push(receipt.then(async ({ settled }) => (await settled).outcome))
              // From another tab it may come first otherwise.
              await receipt
            } else if (next.act === 'kill' && kills++ < 3) {
              browser.brokers.findLast(({ isDead }) => !isDead)?.kill()
              for (const page of pages) page.noticeSilence()
            } else if (next.act === 'give up' && kills++ < 3) for (const page of pages) page.giveUpBroker()
            else if (next.act === 'cut') browser.server.cut()
            else if (next.act === 'lose the answers') browser.server.behaviour.publish = () => new Promise(() => {})
            else if (next.act === 'answer') delete browser.server.behaviour.publish
            else if (next.act === 'breathe') await new Promise(resolve => setTimeout(resolve, 5))
          }
          delete browser.server.behaviour.publish
          browser.server.cut()
          expect(new Set(await Promise.all(outcomes))).toEqual(new Set(n > 0 ? ['acknowledged'] : []))
          const got = handled(browser) as string[]
          const numbers = (lane: string): number[] =>
            got.filter(payload => payload.startsWith(lane)).map(payload => Number(payload.slice(1)))
          for (const lane of ['a', 'b']) expect(numbers(lane)).toEqual(numbers(lane).toSorted((x, y) => x - y))
          expect(got).toHaveLength(n)
        } finally {
          browser.close()
        }
      }),
      { numRuns: 25 },
    )
  }, 120_000)
})

describe('when a broker is taken for dead and is not', () => {
  it('one sends at a time, and each message goes once', async () => {
    const browser = openBrowser()
    const page = browser.openPage()
    const { line } = page
    await line.channel('orders').request('ready')
    browser.server.behaviour.open = () => Promise.reject(new UpstreamError('network', 'down'))
    browser.server.cut()
    const receipts = [
      await line.channel('orders').publish('place', 1),
      await line.channel('orders').publish('place', 2),
    ]
    page.giveUpBroker()
    await waitFor(() => statsOf(browser, 1)?.sessions.attached === 1, 'the next broker')
    delete browser.server.behaviour.open
    for (const { settled } of receipts) expect(await settled).toMatchObject({ outcome: 'acknowledged' })
    expect(browser.server.published.map(({ payload }) => payload)).toEqual([undefined, 1, 2])
  })
})

describe('when another broker has sent a message', () => {
  it('the tab that has come over since hears so, though nothing is left to send', async () => {
    const openOutbox = nodeStorage()
    const transport = testTransport()
    const line = startNodeLine({ transport, ...FAST, idleMs: 60_000 }, nodeHost({ openOutbox }))
    onTestFinished(() => line.close())
    const tab = await line.openTab({ wanted: [{ channel: 'orders' }] })
    const op = { op: 'publish', channel: 'orders', event: 'place', payload: undefined, timeoutMs: 1_000 } as const
    // The right to send is here from now on.
    await tab.ask({ ...op, id: 1, durable: { key: 'own' } })
    await tab.notice('receipt', ({ id, stage }) => id === 1 && stage === 'acknowledged')
    const other = await openOutbox({ scope: SCOPE })
    const body = { kind: 'message', channel: 'orders', event: 'place', payload: 7 } as const
    await other.add({ key: 'theirs', lane: 'orders', body, bytes: 8, createdAt: 0 })
    const gate = deferred<void>()
    transport.behaviour.open = () => gate.promise
    transport.lose()
    await tab.ask({ ...op, id: 2, durable: { key: 'theirs', outbox: other.id } })
    await other.refresh()
    await other.acknowledged('theirs')
    gate.resolve()
    expect(await tab.notice('receipt', ({ id }) => id === 2)).toMatchObject({ stage: 'acknowledged' })
    expect(transport.calls.filter(call => call.startsWith('publish'))).toHaveLength(1)
  })
})

describe('when a newer deploy takes over', () => {
  it('what was stored is sent by the newer at once, in order and once', async () => {
    const browser = openBrowser({ speed: 1 })
    const old = browser.openPage(OLDER)
    const orders = old.line.channel('orders')
    await orders.request('ready')
    const answers = deferred<unknown>()
    browser.server.behaviour.publish = () => answers.promise
    const receipts = [await orders.publish('place', 1), await orders.publish('place', 2)]
    await waitFor(() => browser.server.published.length === 2, 'the first')
    browser.openPage(NEWER)
    await waitFor(() => browser.brokers.length === 2, 'the newer')
    answers.resolve('ok')
    delete browser.server.behaviour.publish
    const since = performance.now()
    for (const { settled } of receipts) expect(await settled).toMatchObject({ outcome: 'acknowledged' })
    // The right to send would lapse after 2.5 s by itself.
    expect(performance.now() - since).toBeLessThan(2_000)
    expect(handled(browser)).toEqual([undefined, 1, 2])
  })

  it('the older never takes the right to send back, whatever its tabs publish', async () => {
    const browser = openBrowser({ speed: 1 })
    const old = browser.openPage(OLDER)
    await old.line.channel('orders').request('ready')
    const cached = browser.openPage(OLDER)
    await waitFor(() => statsOf(browser, 0)?.sessions.attached === 2, 'both tabs')
    cached.cache()
    await waitFor(() => statsOf(browser, 0)?.sessions.suspended === 1, 'the cache')
    // It has frames to handle, so it stays for now.
    old.hold()
    const note = old.note('orders')
    await waitFor(() => statsOf(browser, 0)?.channels.some(({ state }) => state === 'joined'), 'the join')
    browser.server.emit('orders', 1)
    const late = browser.openPage(NEWER)
    await waitFor(() => statsOf(browser, 0)?.connection.state === 'closed', 'the older to let go')
    const published = old.line.channel('orders').publish('place', 'from the older')
    await waitFor(() => statsOf(browser, 0)?.outbox.waiting === 1, 'it to be stored')
    // Nobody waits for the tab that has published it.
    await waitFor(() => handled(browser).includes('from the older'), 'the message')
    const { settled } = await late.line.channel('orders').publish('place', 'from the newer')
    expect(await settled).toMatchObject({ outcome: 'acknowledged' })
    old.release()
    expect(await (await published).settled).toMatchObject({ outcome: 'acknowledged' })
    expect(note).toContain(1)
    expect(handled(browser)).toEqual([undefined, 'from the older', 'from the newer'])
  })

  it('the line goes over also where the storage fails just then', async () => {
    const storage = nodeStorage()
    const openOutbox: BrokerHost['openOutbox'] = async options => {
      const box = await storage(options)
      box.release = () => Promise.reject(new Error('no storage'))
      return box
    }
    const browser = openBrowser({ openOutbox })
    const old = browser.openPage(OLDER)
    await old.line.channel('orders').request('ready')
    browser.openPage(NEWER)
    await waitFor(() => statsOf(browser, 1)?.sessions.attached === 2, 'both tabs')
    expect(await old.line.channel('orders').request('place', 1)).toEqual({ ok: true })
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import type { BrokerOptions } from '../../src/worker/index.ts'
import { webSocket, type WebSocketFallback, type WebSocketOptions } from '../../src/worker/transports/websocket.ts'
import { recordLink, type RecordedLink } from '../support/conformance/recorded-link.ts'
import { startUpgradeBarrier, type UpgradeBarrier } from '../support/faults/upgrade-barrier.ts'
import { nodeBrowser, type NodePage } from '../support/line/node-browser.ts'
import { startNodeLine, type NodeLine, type NodeTab } from '../support/line/node-line.ts'
import { upTo } from '../support/line/tabbed-browser.ts'
import { waitFor } from '../support/line/wait-for.ts'
import '../support/line/web-socket.ts'
import { Store } from '../support/servers/websocket/store.ts'
import {
  startWebSocketServer,
  type WebSocketServer,
  type WebSocketServerOptions,
} from '../support/servers/websocket/websocket-server.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const QUICK: Partial<BrokerOptions> = {
  backoffBaseMs: 50,
  backoffMaxMs: 200,
  restartSpreadMs: 50,
  lingerMs: 20,
  idleMs: 50,
  circuitFailures: 1_000,
}

interface SetUp {
  readonly server: WebSocketServer
  readonly barrier: UpgradeBarrier
  readonly options: WebSocketOptions & { readonly fallback: WebSocketFallback }
}

async function setUp(options: WebSocketServerOptions = {}): Promise<SetUp> {
  const server = await startWebSocketServer({ keptMs: 2_000, ...options })
  ends.push(() => server.close())
  const barrier = await startUpgradeBarrier(server.port)
  ends.push(() => barrier.close())
  return {
    server,
    barrier,
    options: {
      url: `${barrier.url}/socket`,
      fallback: {
        events: `${barrier.url}/events`,
        publish: `${barrier.url}/publish`,
        afterFailures: 2,
        withinMs: 1_000,
        returnBaseMs: 100,
        returnMaxMs: 200,
      },
    },
  }
}

function openLine(options: WebSocketOptions): NodeLine {
  const line = startNodeLine({ transport: webSocket(options), ...QUICK })
  ends.push(() => line.close())
  return line
}

async function joinedTab(line: NodeLine, ...channels: string[]): Promise<NodeTab> {
  const tab = await line.openTab({ wanted: channels.map(channel => ({ channel })) })
  for (const name of channels)
    await tab.notice('subscription', ({ channel, state }) => channel === name && state === 'joined')
  return tab
}

function newLink(options: WebSocketOptions, token?: string): RecordedLink {
  const recorded = recordLink({
    transport: () => webSocket(options),
    credentials: () => (token === undefined ? undefined : { token }),
  })
  ends.push(() => recorded.link.close())
  return recorded
}

async function openLink(options: WebSocketOptions, ...channels: string[]): Promise<RecordedLink> {
  const link = newLink(options)
  await link.open()
  for (const channel of channels) await link.join(channel)
  return link
}

/** Numbers of ticks, and words of continuity, in order. */
function storyOf(tab: NodeTab): unknown[] {
  return tab.items.flatMap((item): unknown[] => {
    if (Array.isArray(item)) return [(item[2] as { readonly n: number }).n]
    return 'verdict' in item ? [item.verdict] : []
  })
}

const isDegraded = (tab: NodeTab): boolean => {
  const last = tab.notices('status').at(-1)
  return last?.status === 'open' && last.degraded === true
}
const isWell = (tab: NodeTab): boolean => {
  const last = tab.notices('status').at(-1)
  return last?.status === 'open' && last.degraded !== true
}

describe('where sockets are blocked', () => {
  it('the line goes over to requests with all that was missed, and back to a socket while events come', async () => {
    const { server, barrier, options } = await setUp()
    const tab = await joinedTab(openLine(options), 'orders', 'floor')
    server.tick('orders')
    barrier.bar(true)
    server.tick('orders')
    await waitFor(() => isDegraded(tab), 'the lesser way')
    barrier.bar(false)
    let last = 0
    await waitFor(() => {
      last = server.tick('orders')
      return isWell(tab)
    }, 'the better way')
    server.tick('orders')
    await waitFor(() => storyOf(tab).includes(last + 1), 'the last event')
    // Of `orders` and of `floor`, for the one discontinuity that there was.
    const words = storyOf(tab).filter(word => typeof word === 'string')
    expect(words).toEqual(['recovered', 'recovered'])
    expect(storyOf(tab).filter(word => typeof word === 'number')).toEqual(upTo(last + 1))
    await waitFor(() => server.connections() === 1, 'the end of the stream')
  })

  it('messages keep their order on the way back, and each arrives once', async () => {
    const { server, barrier, options } = await setUp()
    barrier.bar(true)
    const line = openLine(options)
    const tab = await joinedTab(line, 'orders')
    await waitFor(() => isDegraded(tab), 'the lesser way')
    barrier.bar(false)
    let id = 0
    while (!isWell(tab)) {
      id++
      await tab.ask({ op: 'publish', id, channel: 'orders', event: 'said', payload: { id }, timeoutMs: 5_000 })
    }
    await waitFor(() => tab.notices('receipt').filter(({ stage }) => stage === 'acknowledged').length === id, 'answers')
    expect(server.published.map(({ payload }) => (payload as { id: number }).id)).toEqual(upTo(id))
    expect(tab.notices('receipt').filter(({ stage }) => stage === 'failed')).toEqual([])
  })

  it('what tabs say of themselves goes over with them', async () => {
    const { server, barrier, options } = await setUp()
    barrier.bar(true)
    const own = newLink(options)
    await own.open().catch(() => own.open())
    await own.join('floor')
    await own.link.track?.('floor', 'tab', { name: 'Ann' })
    const watcher = await openLink({ url: server.socketUrl }, 'floor')
    const seen = (): unknown[] => [...watcher.members('floor').values()].flat()
    await waitFor(() => seen().length === 1, 'the state')
    barrier.bar(false)
    await waitFor(() => own.ofType('degraded').at(-1)?.is === false, 'the better way')
    await waitFor(() => server.connections() === 2, 'the end of the stream')
    await waitFor(() => seen().length === 1, 'one state')
    expect(seen()).toEqual([{ name: 'Ann' }])
  })

  it('a server without positions has the tabs hear that nobody knows', async () => {
    const { server, barrier, options } = await setUp({ store: new Store({ maxEvents: 0 }) })
    barrier.bar(true)
    const tab = await joinedTab(openLine(options), 'orders')
    await waitFor(() => isDegraded(tab), 'the lesser way')
    server.tick('orders')
    barrier.bar(false)
    await waitFor(() => isWell(tab), 'the better way')
    server.tick('orders')
    await waitFor(() => storyOf(tab).includes(2), 'the next event')
    expect(storyOf(tab)).toEqual([1, 'unknown', 2])
  })

  it('a channel that is refused over the socket is lost, and the others go on', async () => {
    const forbidden: string[] = []
    const { server, barrier, options } = await setUp({ forbidden })
    barrier.bar(true)
    const tab = await joinedTab(openLine(options), 'orders', 'floor')
    await waitFor(() => isDegraded(tab), 'the lesser way')
    forbidden.push('floor')
    barrier.bar(false)
    await waitFor(() => isWell(tab), 'the better way')
    await tab.notice('subscription', ({ channel, state }) => channel === 'floor' && state === 'refused')
    server.tick('orders')
    await waitFor(() => storyOf(tab).includes(1), 'the event of the other')
  })

  it('goes on over requests where a socket opens and breaks on the way back', async () => {
    const { server, barrier, options } = await setUp()
    barrier.bar(true)
    const tab = await joinedTab(openLine(options), 'orders')
    await waitFor(() => isDegraded(tab), 'the lesser way')
    let sent = 0
    for (let round = 0; round < 10; round++) {
      const { length } = server.joins
      barrier.bar(false)
      await waitFor(() => server.joins.length > length, 'an attempt')
      sent = server.tick('orders')
      barrier.bar(true)
      sent = server.tick('orders')
      await waitFor(() => storyOf(tab).includes(sent), 'the events')
      await waitFor(() => isDegraded(tab), 'the lesser way')
    }
    expect(storyOf(tab).filter(word => typeof word === 'number')).toEqual(upTo(sent))
    expect(new Set(storyOf(tab).filter(word => typeof word === 'string'))).not.toContain('unknown')
  })

  it('one socket that fails is not enough', async () => {
    const { server, barrier, options } = await setUp()
    const tab = await joinedTab(openLine(options), 'orders')
    barrier.bar(true, 1)
    server.tick('orders')
    await waitFor(() => storyOf(tab).includes(1), 'the event')
    expect(barrier.refused()).toBe(1)
    expect(tab.notices('status').filter(({ degraded }) => degraded)).toEqual([])
  })

  it('where requests do not get through either the line is offline, and sockets come first again', async () => {
    const { server, barrier, options } = await setUp()
    const fallback = { ...options.fallback, events: 'http://127.0.0.1:9/', publish: 'http://127.0.0.1:9/' }
    barrier.bar(true)
    const tab = await openLine({ ...options, fallback }).openTab({ wanted: [{ channel: 'orders' }] })
    await waitFor(() => tab.notices('status').filter(({ status }) => status === 'offline').length >= 3, 'attempts')
    barrier.bar(false)
    await waitFor(() => isWell(tab), 'the socket')
    expect(server.connections()).toBe(1)
  })

  it('a page in the place of the stream is not taken for one', async () => {
    const { barrier, options } = await setUp()
    barrier.bar(true)
    // A POST answers it, but with no stream.
    const { open } = newLink({ ...options, fallback: { ...options.fallback, ...at(`${barrier.url}/other`) } })
    for (let n = 0; n < 3; n++) await expect(open()).rejects.toMatchObject({ kind: 'network' })
  })
})

function at(url: string): { readonly events: string; readonly publish: string } {
  return { events: url, publish: url }
}

describe('an event stream that breaks', () => {
  async function overRequests(options: WebSocketServerOptions = {}): Promise<SetUp> {
    const { barrier, ...rest } = await setUp(options)
    barrier.bar(true)
    return { barrier, ...rest }
  }

  async function openDegraded(options: SetUp['options']): Promise<RecordedLink> {
    const link = newLink({ ...options, fallback: { ...options.fallback, afterFailures: 1 } })
    await link.open()
    await link.join('orders')
    return link
  }

  it('goes on in the next one, without a loss and without a word', async () => {
    const { server, options } = await overRequests()
    const { told, payloads } = await openDegraded(options)
    for (let n = 1; n <= 3; n++) {
      server.tick('orders')
      await server.cut()
      server.tick('orders')
      await waitFor(() => payloads('orders').length === n * 2, 'the events')
    }
    expect(payloads('orders')).toEqual(upTo(6).map(n => ({ n })))
    expect(new Set(told.map(({ type }) => type))).toEqual(new Set(['degraded', 'presence', 'event']))
    expect(server.joins).toEqual(['orders'])
  })

  it('is lost where the server does not know the session any more', async () => {
    const { server, options } = await overRequests({ keptMs: 1, maxKept: 1 })
    const { lost, payloads, open, join, ofType } = await openDegraded(options)
    for (let n = 0; n < 3; n++) server.tick('orders')
    await waitFor(() => payloads('orders').length === 3, 'the events')
    await server.cut()
    server.tick('orders')
    expect(await lost()).toMatchObject({ kind: 'network' })
    await open()
    await join('orders')
    expect(ofType('continuity')).toMatchObject([{ channel: 'orders', continuity: { verdict: 'recovered' } }])
    expect(payloads('orders')).toEqual(upTo(4).map(n => ({ n })))
  })

  it('is told to the server when it is not wanted any more', async () => {
    const { server, options } = await overRequests({ keptMs: 60_000 })
    const { link } = await openDegraded(options)
    const watcher = await openLink({ url: server.socketUrl }, 'orders')
    await link.track?.('orders', 'tab', 'here')
    await waitFor(() => watcher.members('orders').size === 1, 'the state')
    link.close()
    await waitFor(() => watcher.members('orders').size === 0, 'its end')
  })
})

describe('another broker', () => {
  it('carries on with the positions of the first: what was missed comes before the line is open', async () => {
    const { server, options } = await setUp()
    const first = await openLink(options, 'orders', 'quiet')
    server.tick('orders')
    await waitFor(() => first.events('orders').length === 1, 'the event')
    const resume = first.link.checkpoint?.()
    first.link.close()
    server.tick('orders')
    server.tick('orders')
    const next = newLink(options)
    await next.open({ resume })
    expect(next.payloads('orders')).toEqual([{ n: 2 }, { n: 3 }])
    expect(next.ofType('continuity')).toEqual(
      ['orders', 'quiet'].map(channel => ({
        type: 'continuity',
        channel,
        continuity: { verdict: 'recovered' },
      })),
    )
    const joins = server.joins.length
    await next.join('orders')
    expect(server.joins).toHaveLength(joins)
  })

  it('joins from anew what the server does not go on with', async () => {
    const { server, options } = await setUp({ forbidden: ['secret'] })
    const resume = Object.fromEntries(
      ['orders', 'secret'].map(channel => [channel, { session: '', position: 'of another life-3' }]),
    )
    const next = newLink(options)
    await next.open({ resume })
    expect(next.told.filter(({ type }) => type !== 'presence')).toEqual([])
    await waitFor(() => server.leaves.length > 0, 'the leave')
    expect(server.leaves).toEqual(['orders'])
    await next.join('orders')
    server.tick('orders')
    await waitFor(() => next.events('orders').length === 1, 'the event')
    expect(next.link.checkpoint?.()).toEqual({
      orders: { session: '', position: next.events('orders')[0]?.position },
    })
  })

  it('takes over from one that died, and its tabs have missed nothing', async () => {
    const { server, options } = await setUp()
    const browser = nodeBrowser({
      transport: () => webSocket(options),
      broker: () => ({ backoffBaseMs: 50, build: 1 }),
    })
    ends.push(() => browser.close())
    const pages: readonly NodePage[] = [browser.openPage(), browser.openPage()]
    const noted = pages.map(page => page.note('orders'))
    await waitFor(() => pages.every(({ line }) => line.channel('orders').state === 'joined'), 'the joins')
    server.tick('orders')
    const story = (words: readonly unknown[]): unknown[] =>
      words.map(word => (typeof word === 'string' ? word : (word as { n: number }).n))
    await waitFor(() => {
      for (const page of pages) page.look()
      const position = server.store.log('orders')?.position
      return pages.every(({ marks }) => marks.at(-1)?.checkpoint?.['orders']?.position === position)
    }, 'marks behind the first event')
    browser.brokers.at(-1)?.kill()
    await server.cut()
    for (let n = 0; n < 5; n++) server.tick('orders')
    for (const page of pages) page.noticeSilence()
    await waitFor(() => noted.every(words => story(words).includes(6)), 'the missed events')
    for (const words of noted) expect(story(words)).toEqual([1, 'recovered', ...upTo(6, 2)])
    expect(server.connections()).toBe(1)
  })
})

describe('a connection', () => {
  it('whose server keeps less than was missed says how many are gone', async () => {
    const { server, options } = await setUp({ store: new Store({ maxEvents: 2 }) })
    const { join, open, ofType, lost, payloads } = await openLink(options, 'orders')
    await server.cut()
    await lost()
    for (let n = 0; n < 5; n++) server.tick('orders')
    await open()
    await join('orders')
    expect(ofType('continuity')).toMatchObject([{ continuity: { verdict: 'gap', missed: 5 } }])
    server.tick('orders')
    await waitFor(() => payloads('orders').length === 1, 'the next event')
  })

  it('shows of several tabs the one that told its own last, and then the one before', async () => {
    const { server, options } = await setUp()
    const { link } = await openLink(options, 'floor')
    const watcher = await openLink({ url: server.socketUrl }, 'floor')
    const shown = (): unknown => [...watcher.members('floor').values()].flat()[0]
    await link.track?.('floor', 'one', 1)
    await link.track?.('floor', 'two', 2)
    await waitFor(() => shown() === 2, 'the second')
    link.untrack?.('floor', 'two')
    await waitFor(() => shown() === 1, 'the first again')
    link.untrack?.('floor', 'one')
    await waitFor(() => watcher.members('floor').size === 0, 'nobody')
  })

  it('sends no frame that is too large, and goes on', async () => {
    const { server, options } = await setUp()
    const { link } = await openLink({ ...options, maxFrameBytes: 1_000 }, 'orders')
    const publish = (payload: unknown): Promise<unknown> =>
      link.publish({ channel: 'orders', event: 'said', payload }, new AbortController().signal)
    expect(() => publish('é'.repeat(600))).toThrow(expect.objectContaining({ code: 'message-too-large' }))
    expect(() => publish(new Uint8Array(1_000))).toThrow(expect.objectContaining({ code: 'message-too-large' }))
    await publish('é'.repeat(400))
    expect(server.published).toHaveLength(1)
  })

  it('has its credentials where its server wants them, and in no error', async () => {
    const asked: string[] = []
    const { server, options } = await setUp()
    const real = globalThis.WebSocket
    ends.push(() => Object.assign(globalThis, { WebSocket: real }))
    Object.assign(globalThis, {
      WebSocket: class extends real {
        constructor(url: string, protocols: string[]) {
          super(url, protocols)
          asked.push(url, ...protocols)
        }
      },
    })
    const { url } = options
    const wanting: Partial<WebSocketOptions> = {
      query: credentials => ({ token: String(credentials?.['token']) }),
      protocols: credentials => ['partyline.v1', `bearer.${String(credentials?.['token'])}`],
    }
    await newLink({ url, ...wanting }, 'secret').open()
    expect(asked).toEqual([`${url.replace('http', 'ws')}?token=secret`, 'partyline.v1', 'bearer.secret'])
    expect(server.connections()).toBe(1)
    const error: unknown = await newLink({ url, ...wanting }, 'not a token')
      .open()
      .catch((reason: unknown) => reason)
    expect(error).toMatchObject({ kind: 'network' })
    expect(JSON.stringify([error, String(error)])).not.toContain('not a token')
  })
})

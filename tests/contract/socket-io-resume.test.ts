import { afterEach, describe, expect, it } from 'vitest'
import { UpstreamError, type BrokerOptions, type Transport } from '../../src/worker/index.ts'
import { socketIo } from '../../src/worker/transports/socket-io.ts'
import { nodeBrowser, type NodeBrowser, type NodePage } from '../support/line/node-browser.ts'
import { upTo } from '../support/line/tabbed-browser.ts'
import { waitFor } from '../support/line/wait-for.ts'
import {
  startSocketIoServer,
  type SocketIoServer,
  type SocketIoServerOptions,
} from '../support/servers/socket-io-server.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

const NEXT = 'https://app.example/next.js'

async function setUp(serverOptions: SocketIoServerOptions = {}, options: Partial<BrokerOptions> = {}) {
  const server = await startSocketIoServer(serverOptions)
  ends.push(() => server.close())
  let failsNext = false
  function transport(): Transport {
    const real = socketIo({ url: server.url, rooms: { join: 'join', leave: 'leave' }, transports: ['websocket'] })
    return {
      name: real.name,
      create(sink) {
        const link = real.create(sink)
        const open = link.open.bind(link)
        link.open = async request => {
          if (!failsNext) return open(request)
          failsNext = false
          throw new UpstreamError('network', 'the test lets it fail')
        }
        return link
      },
    }
  }
  const browser = nodeBrowser({
    transport,
    broker: url => ({ backoffBaseMs: 50, build: url === NEXT ? 2 : 1, ...options }),
  })
  ends.push(() => browser.close())
  return {
    server,
    browser,
    failNextOpen() {
      failsNext = true
    },
  }
}

function joined(pages: readonly NodePage[], ...channels: string[]): Promise<unknown> {
  return waitFor(
    () => pages.every(({ line }) => channels.every(name => line.channel(name).state === 'joined')),
    `the joins of ${channels.join()}`,
  )
}

/** Numbers of ticks, and words of continuity. */
const story = (noted: readonly unknown[]): unknown[] =>
  noted.map(word => (typeof word === 'string' ? word : (word as { n: number }).n))

/** All of these pages have been told a mark with a position, behind all that came. */
const marked = (pages: readonly NodePage[], n: number, stories: readonly (readonly unknown[])[]): Promise<unknown> =>
  waitFor(() => {
    for (const page of pages) page.look()
    return (
      stories.every(noted => story(noted).includes(n)) &&
      pages.every(({ marks }) => Object.values(marks.at(-1)?.checkpoint ?? {}).some(({ position }) => position))
    )
  }, 'marks')

async function kill({ brokers }: NodeBrowser, server: SocketIoServer): Promise<void> {
  brokers.at(-1)?.kill()
  await server.cut()
}

const attached = ({ brokers }: NodeBrowser): number =>
  brokers.findLast(({ isDead }) => !isDead)?.broker.stats().sessions.attached ?? 0

describe('the session of a broker at a Socket.IO server', () => {
  it('is carried on by the next when it dies, with what was sent meanwhile, and joins nothing anew', async () => {
    const { server, browser } = await setUp()
    const pages = [browser.openPage(), browser.openPage()]
    const noted = pages.map(page => page.note('orders'))
    await joined(pages, 'orders')
    server.tick('orders')
    await marked(pages, 1, noted)
    await kill(browser, server)
    for (let n = 0; n < 5; n++) server.tick('orders')
    for (const page of pages) page.noticeSilence()
    await waitFor(() => noted.every(words => story(words).includes(6)), 'the missed events')
    for (const words of noted) expect(story(words)).toEqual([1, 'recovered', ...upTo(6, 2)])
    expect(server.joins).toEqual(['orders'])
    expect(server.connections()).toBe(1)
  })

  it('is carried on for a tab that comes later and had got less far', async () => {
    const { server, browser } = await setUp()
    const pages = [browser.openPage(), browser.openPage()]
    const [quick, slow] = pages
    const noted = pages.map(page => page.note('orders'))
    await joined(pages, 'orders')
    server.tick('orders')
    await marked(pages, 1, noted)
    slow?.hold()
    for (let n = 0; n < 3; n++) server.tick('orders')
    await waitFor(() => story(noted[0] ?? []).includes(4), 'the events of the quick one')
    await kill(browser, server)
    server.tick('orders')
    quick?.noticeSilence()
    await waitFor(() => story(noted[0] ?? []).includes(5), 'the missed event')
    server.tick('orders')
    slow?.noticeSilence()
    await waitFor(() => attached(browser) === 2, 'the slow one')
    slow?.release()
    await waitFor(() => noted.every(words => story(words).includes(6)), 'all events')
    expect(noted.map(story)).toEqual([
      [1, 2, 3, 4, 'recovered', 5, 6],
      [1, 'recovered', 2, 3, 4, 5, 6],
    ])
  })

  it('cannot be carried on where the server keeps none: `unknown`, before the next event', async () => {
    const { server, browser } = await setUp({ recovery: false })
    const page = browser.openPage()
    const noted = page.note('orders')
    await joined([page], 'orders')
    server.tick('orders')
    await waitFor(() => noted.length === 1, 'the first event')
    await kill(browser, server)
    server.tick('orders')
    page.noticeSilence()
    await waitFor(() => server.joins.length === 2, 'the second join')
    server.tick('orders')
    await waitFor(() => story(noted).includes(3), 'the next event')
    expect(story(noted)).toEqual([1, 'unknown', 3])
  })

  it('cannot be carried on at a server that was restarted: `unknown`', async () => {
    const { server, browser } = await setUp()
    const page = browser.openPage()
    const noted = page.note('orders')
    await joined([page], 'orders')
    server.tick('orders')
    await marked([page], 1, [noted])
    browser.brokers[0]?.kill()
    await server.close()
    const again = await startSocketIoServer({ port: server.port })
    ends.push(() => again.close())
    page.noticeSilence()
    await waitFor(() => again.joins.length === 1, 'the join')
    await waitFor(() => noted.length > 1, 'the word')
    expect(story(noted)).toEqual([1, 'unknown'])
  })

  it('is carried on also when the first attempt to connect fails', async () => {
    const { server, browser, failNextOpen } = await setUp()
    const page = browser.openPage()
    const noted = page.note('orders')
    await joined([page], 'orders')
    server.tick('orders')
    await marked([page], 1, [noted])
    await kill(browser, server)
    server.tick('orders')
    failNextOpen()
    page.noticeSilence()
    await waitFor(() => story(noted).includes(2), 'the missed event')
    expect(story(noted)).toEqual([1, 'recovered', 2])
    expect(browser.brokers.at(-1)?.broker.stats().connection.failures).toBe(1)
  })

  it('is carried on in each namespace by itself', async () => {
    const { server, browser } = await setUp()
    const page = browser.openPage()
    const orders = page.note('orders')
    const lobby = page.note('/chat#lobby')
    await joined([page], 'orders', '/chat#lobby')
    const say = (n: number) => server.io.of('/chat').to('lobby').emit('lobby:said', { n })
    server.tick('orders')
    say(1)
    await waitFor(() => orders.length === 1 && lobby.length === 1, 'the first events')
    await waitFor(() => {
      page.look()
      return Object.values(page.marks.at(-1)?.checkpoint ?? {}).filter(({ position }) => position).length === 2
    }, 'a mark of both')
    await kill(browser, server)
    server.tick('orders')
    say(2)
    page.noticeSilence()
    await waitFor(() => orders.length > 2 && lobby.length > 2, 'the missed events')
    expect([story(orders), story(lobby)]).toEqual([
      [1, 'recovered', 2],
      [1, 'recovered', 2],
    ])
    expect(server.joins).toEqual(['orders', 'lobby'])
  })

  it('is handed over to a newer deploy, over one connection, while events flow', async () => {
    const { server, browser } = await setUp()
    const pages = [browser.openPage(), browser.openPage(), browser.openPage()]
    const noted = pages.map(page => page.note('orders'))
    await joined(pages, 'orders')
    server.tick('orders')
    await marked(pages, 1, noted)
    const late = browser.openPage(NEXT)
    late.note('orders')
    for (let n = 0; n < 50; n++) {
      server.tick('orders')
      await new Promise(resolve => setTimeout(resolve, 2))
    }
    await waitFor(() => browser.brokers.length === 2 && attached(browser) === 4, 'all at the newer')
    server.tick('orders')
    await waitFor(() => noted.every(words => story(words).includes(52)), 'the last event')
    for (const words of noted) expect(story(words).filter(word => word !== 'recovered')).toEqual(upTo(52))
    expect(server.connections()).toBe(1)
    expect(browser.brokers[0]?.broker.stats().sessions.attached).toBe(0)
  })

  it('has its rooms left again which no tab has come for', async () => {
    const { server, browser } = await setUp({}, { handoverMs: 300, lingerMs: 50 })
    const pages = [browser.openPage(), browser.openPage()]
    const [staying, going] = pages
    const noted = [staying?.note('orders') ?? []]
    going?.note('floor')
    await joined([pages[0] as NodePage], 'orders')
    await joined([pages[1] as NodePage], 'floor')
    server.tick('orders')
    await marked([pages[0] as NodePage], 1, noted)
    await kill(browser, server)
    going?.line.close()
    staying?.noticeSilence()
    await waitFor(() => server.leaves.includes('floor'), 'the leave of the floor')
    server.tick('orders')
    await waitFor(() => story(noted[0] ?? []).includes(2), 'the next event')
    expect(server.leaves).toEqual(['floor'])
  })
})

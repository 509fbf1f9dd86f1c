import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { deferred } from '../../src/lib/index.ts'
import type { NodeBrowserOptions } from '../support/line/node-browser.ts'
import {
  CHANNELS,
  eventsOf,
  joined,
  tabbedBrowser,
  upTo,
  wordsOf,
  type ChannelName,
  type Tab,
  type TabbedBrowser,
} from '../support/line/tabbed-browser.ts'
import { waitFor } from '../support/line/wait-for.ts'

/** The worker's script of a deploy. The build rises with each. */
const scriptOf = (number: number): string => `https://app.example/worker-${number}.js`
const buildOf = (url: string): number => Number(/\d+/.exec(url)?.[0] ?? 1)
/** At the brokers' own pace: how long one waits for another to answer is part of this. */
const OPTIONS: NodeBrowserOptions = { speed: 1, broker: url => ({ build: buildOf(url) }) }

async function openBrowser(count: number): Promise<TabbedBrowser> {
  const browser = await tabbedBrowser(count, OPTIONS)
  onTestFinished(() => browser.close())
  return browser
}

/** Every event of each channel came to this tab, once and in order, and it heard nothing of any loss. */
function expectComplete({ story }: Tab, { sent }: TabbedBrowser, from = 1): void {
  for (const channel of CHANNELS) {
    expect(eventsOf(story[channel])).toEqual(upTo(sent[channel], from))
    for (const word of wordsOf(story[channel])) expect(word).toBe('recovered')
  }
}

/** Opens a tab of this deploy; resolves when its broker has started. */
async function deploy({ open, brokers }: TabbedBrowser, number: number): Promise<Tab> {
  const url = scriptOf(number)
  const tab = open(url)
  await waitFor(() => brokers.some(broker => broker.url === url), 'the next broker')
  return tab
}

const emitBoth = ({ emit }: TabbedBrowser): void => CHANNELS.forEach(channel => emit(channel))
const breathe = (ms = 2): Promise<unknown> => new Promise(resolve => setTimeout(resolve, ms))

type Act =
  | { readonly act: 'emit'; readonly channel: ChannelName }
  | { readonly act: 'look' | 'hold' | 'release' | 'cache' | 'restore'; readonly tab: number }
  | { readonly act: 'breathe' }

const meanwhile: fc.Arbitrary<Act[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ act: fc.constant('emit' as const), channel: fc.constantFrom(...CHANNELS) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        act: fc.constantFrom('look' as const, 'hold' as const, 'release' as const),
        tab: fc.nat({ max: 2 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        act: fc.constantFrom('cache' as const, 'restore' as const),
        tab: fc.integer({ min: 1, max: 2 }),
      }),
    },
    { weight: 3, arbitrary: fc.constant({ act: 'breathe' as const }) },
  ),
  { maxLength: 30 },
)

/** Makes such things happen; a page is in the cache or it is not. */
function player({ tabs, emit }: TabbedBrowser): (acts: readonly Act[]) => Promise<void> {
  const away = new Set<number>()
  return async acts => {
    for (const act of acts) {
      if (act.act === 'emit') emit(act.channel)
      else if (act.act === 'breathe') await breathe()
      else if (act.act === 'cache' ? !away.has(act.tab) : act.act !== 'restore' || away.has(act.tab)) {
        tabs[act.tab]?.page[act.act]()
        if (act.act === 'cache') away.add(act.tab)
        if (act.act === 'restore') away.delete(act.tab)
      }
    }
  }
}

describe('when a newer deploy starts while tabs of the older are open', () => {
  it('all tabs are at the newer, over one connection, and none has missed or doubled anything', async () => {
    const browser = await openBrowser(6)
    const { tabs, settled, caughtUp, brokers, server, errors } = browser
    emitBoth(browser)
    await caughtUp()
    const late = await deploy(browser, 2)
    for (let n = 0; n < 20; n++) {
      emitBoth(browser)
      await breathe()
    }
    await settled([...tabs, late])
    emitBoth(browser)
    await caughtUp([...tabs, late])
    for (const tab of tabs) expectComplete(tab, browser)
    expect(eventsOf(late.story.orders)).toEqual(upTo(browser.sent.orders).slice(-eventsOf(late.story.orders).length))
    expect(brokers.map(({ url, broker }) => [url, broker.stats().sessions.attached])).toEqual([
      ['https://app.example/worker.js', 0],
      [scriptOf(2), 7],
    ])
    expect([server.connections(), server.peakConnections()]).toEqual([1, 1])
    expect(errors).toEqual([])
  })

  it('no tab is told that the line is away', async () => {
    const browser = await openBrowser(3)
    const { tabs, settled } = browser
    const statuses: string[] = []
    for (const { page } of tabs) page.line.on('status', ({ status }) => statuses.push(status))
    const late = await deploy(browser, 2)
    await settled([...tabs, late])
    await Promise.all(tabs.map(joined))
    expect(new Set(statuses)).not.toContain('offline')
    expect(new Set(statuses)).not.toContain('closed')
  })

  it.each([
    ['whatever happens meanwhile', 1],
    ['also when another one starts before all have gone over', 3],
  ])(
    'the ledger is complete in all tabs, %s',
    async (_, deploys) => {
      await fc.assert(
        fc.asyncProperty(
          meanwhile,
          fc.array(meanwhile, { minLength: deploys, maxLength: deploys }),
          async (first, then) => {
            const browser = await tabbedBrowser(3, OPTIONS)
            try {
              emitBoth(browser)
              await browser.caughtUp()
              const play = player(browser)
              await play(first)
              const opened: Tab[] = []
              for (const [index, acts] of then.entries()) {
                opened.push(browser.open(scriptOf(index + 2)))
                await play(acts)
              }
              await play(
                browser.tabs.flatMap((__, tab) => [
                  { act: 'release', tab },
                  { act: 'restore', tab },
                ]),
              )
              await waitFor(() => browser.brokers.length > deploys, 'all brokers')
              await browser.settled([...browser.tabs, ...opened])
              emitBoth(browser)
              await browser.caughtUp([...browser.tabs, ...opened])
              for (const tab of browser.tabs) expectComplete(tab, browser)
              expect(browser.server.peakConnections()).toBe(1)
              expect(browser.errors).toEqual([])
            } finally {
              browser.close()
            }
          },
        ),
        { numRuns: 25 },
      )
    },
    60_000,
  )

  it('a tab that is busy comes later, and the others do not wait for it', async () => {
    const browser = await openBrowser(3)
    const { tabs, emit, caughtUp, settled, server } = browser
    const [busy, ...others] = tabs
    emitBoth(browser)
    await caughtUp()
    busy?.page.hold()
    for (let n = 0; n < 50; n++) emit('orders')
    const late = await deploy(browser, 2)
    await settled([...others, late])
    emitBoth(browser)
    await caughtUp(others)
    expect(server.connections()).toBe(1)
    busy?.page.release()
    await caughtUp()
    for (const tab of tabs) expectComplete(tab, browser)
  })

  it('a page in the back/forward cache finds what it missed at the older, and then goes over', async () => {
    const browser = await openBrowser(3)
    const { tabs, caughtUp, settled, brokers } = browser
    const [cached, ...others] = tabs
    emitBoth(browser)
    await caughtUp()
    cached?.page.cache()
    emitBoth(browser)
    const late = await deploy(browser, 2)
    await settled([...others, late])
    emitBoth(browser)
    await caughtUp(others)
    expect(brokers[0]?.broker.stats().sessions).toMatchObject({ attached: 1, suspended: 1 })
    cached?.page.restore()
    await caughtUp()
    for (const tab of tabs) expectComplete(tab, browser)
    await settled([...tabs, late])
  })

  it('a tab of the older deploy that is opened later is sent over', async () => {
    const browser = await openBrowser(1)
    const { tabs, open, settled, caughtUp, brokers } = browser
    const next = await deploy(browser, 2)
    await settled([...tabs, next])
    const old = open()
    await settled([...tabs, next, old])
    emitBoth(browser)
    await caughtUp([...tabs, next, old])
    expect(brokers.at(-1)?.url).toBe(scriptOf(2))
    expect(brokers.filter(({ broker }) => broker.stats().sessions.attached > 0)).toHaveLength(1)
  })

  it('and the older one starts only after the newer, it goes at once', async () => {
    const browser = await openBrowser(0)
    const { open, brokers, server } = browser
    const next = open(scriptOf(2))
    await joined(next)
    const old = open(scriptOf(1))
    await joined(old)
    await waitFor(() => brokers[0]?.broker.stats().sessions.attached === 2, 'both at the newer')
    emitBoth(browser)
    await browser.caughtUp([next, old])
    expect(server.connections()).toBe(1)
  })

  it('and another, and another, all at once, the newest has all tabs, over one connection', async () => {
    const browser = await openBrowser(2)
    const { tabs, open, caughtUp, server, brokers } = browser
    emitBoth(browser)
    await caughtUp()
    const late = [2, 4, 3].map(number => open(scriptOf(number)))
    emitBoth(browser)
    await waitFor(
      () => brokers.find(({ url }) => url === scriptOf(4))?.broker.stats().sessions.attached === 5,
      'all tabs at the newest',
    )
    emitBoth(browser)
    await caughtUp([...tabs, ...late])
    for (const tab of tabs) expectComplete(tab, browser)
    expect([server.connections(), server.peakConnections()]).toEqual([1, 1])
  })

  it('and dies over it, the older tabs go on at the next generation', async () => {
    const browser = await openBrowser(2)
    const { tabs, settled, caughtUp, marked, brokers } = browser
    emitBoth(browser)
    await caughtUp()
    const late = await deploy(browser, 2)
    await settled([...tabs, late])
    emitBoth(browser)
    await caughtUp([...tabs, late])
    await marked([...tabs, late])
    brokers.at(-1)?.kill()
    emitBoth(browser)
    for (const { page } of [...tabs, late]) page.noticeSilence()
    await settled([...tabs, late])
    await caughtUp([...tabs, late])
    for (const tab of tabs) expectComplete(tab, browser)
    expect(brokers.at(-1)).toMatchObject({ url: scriptOf(2), name: 'partyline/1:2:ann' })
  })
})

describe('what is published while a newer broker takes over', () => {
  it('is acknowledged by the older where the server answers in time', async () => {
    const browser = await openBrowser(2)
    const { tabs, server, settled } = browser
    const answer = deferred<unknown>()
    server.behaviour.publish = () => answer.promise
    const receipt = await tabs[0]?.page.line.channel('orders').publish('place', 1, { durable: false })
    const late = await deploy(browser, 2)
    await breathe(20)
    answer.resolve('done')
    expect(await receipt?.settled).toEqual({ outcome: 'acknowledged', reply: 'done' })
    await settled([...tabs, late])
    expect(server.published).toHaveLength(1)
    expect(server.peakConnections()).toBe(1)
  })

  it('is unconfirmed where the server never answers, and not sent again', async () => {
    const browser = await openBrowser(2)
    const { tabs, server, settled } = browser
    server.behaviour.publish = () => new Promise(() => {})
    const receipt = await tabs[0]?.page.line.channel('orders').publish('place', 1, { durable: false })
    const late = await deploy(browser, 2)
    expect(await receipt?.settled).toMatchObject({ outcome: 'unconfirmed' })
    await settled([...tabs, late])
    expect(server.published).toHaveLength(1)
  })

  it('is left to the newer once the older only waits for answers: it could not wait for this one', async () => {
    const browser = await openBrowser(2)
    const { tabs, server, settled } = browser
    const answers = [deferred<unknown>(), deferred<unknown>()]
    server.behaviour.publish = () => answers[server.published.length - 1]?.promise ?? Promise.resolve()
    const channel = tabs[0]?.page.line.channel('orders')
    const first = await channel?.publish('place', 1, { durable: false })
    const late = await deploy(browser, 2)
    await breathe(200)
    const second = channel?.publish('place', 2, { durable: false })
    await settled([...tabs, late])
    answers[1]?.resolve('done')
    expect(await first?.settled).toMatchObject({ outcome: 'unconfirmed' })
    expect(await (await second)?.settled).toEqual({ outcome: 'acknowledged', reply: 'done' })
    expect(server.published.map(({ payload }) => payload)).toEqual([1, 2])
  })

  it('is sent exactly once, by one of them, in the order in which the tab asked', async () => {
    const browser = await openBrowser(3)
    const { tabs, server, settled } = browser
    const outcomes: Promise<unknown>[] = []
    const publish = (tab: Tab | undefined, n: number): void => {
      const channel = tab?.page.line.channel('orders')
      outcomes.push(
        channel?.publish('place', n, { durable: false }).then(({ settled: end }) => end) ?? Promise.resolve(),
      )
    }
    for (let n = 0; n < 10; n++) publish(tabs[n % 3], n)
    const late = await deploy(browser, 2)
    for (let n = 10; n < 60; n++) {
      publish(tabs[n % 3], n)
      if (n % 5 === 0) await breathe(1)
    }
    expect(await Promise.all(outcomes)).toEqual(
      outcomes.map(() => expect.objectContaining({ outcome: 'acknowledged' })),
    )
    await settled([...tabs, late])
    const sent = server.published.map(({ payload }) => payload as number)
    expect(sent.toSorted((a, b) => a - b)).toEqual(upTo(59, 0))
    for (const tab of [0, 1, 2]) {
      const own = sent.filter(n => n % 3 === tab)
      expect(own).toEqual(own.toSorted((a, b) => a - b))
    }
  })

  it('by a tab that is busy is sent once, though it hears of it late', async () => {
    const browser = await openBrowser(2)
    const { tabs, server, settled } = browser
    const [busy] = tabs
    busy?.page.hold()
    const outcome = busy?.page.line.channel('orders').publish('place', 1, { durable: false })
    await waitFor(() => server.published.length === 1, 'the message at the server')
    const late = await deploy(browser, 2)
    await breathe(300)
    busy?.page.release()
    expect(await (await outcome)?.settled).toMatchObject({ outcome: 'acknowledged' })
    await settled([...tabs, late])
    expect(server.published).toHaveLength(1)
  })
})

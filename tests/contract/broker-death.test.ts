import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { NodeBrowserOptions } from '../support/line/node-browser.ts'
import {
  CHANNELS,
  eventsOf,
  tabbedBrowser,
  upTo,
  wordsOf,
  type ChannelName,
  type TabbedBrowser,
} from '../support/line/tabbed-browser.ts'
import { waitFor } from '../support/line/wait-for.ts'

const TABS = 3

async function openBrowser(count: number, options?: NodeBrowserOptions): Promise<TabbedBrowser> {
  const browser = await tabbedBrowser(count, options)
  onTestFinished(() => browser.close())
  return browser
}

/** Something happens before, or while, the tabs come to the next broker. */
type Act =
  | { readonly act: 'emit'; readonly channel: ChannelName }
  | { readonly act: 'look' | 'hold' | 'release'; readonly tab: number }
  | { readonly act: 'breathe' }

const emit = fc.record({ act: fc.constant('emit' as const), channel: fc.constantFrom(...CHANNELS) })
const breathe = fc.constant({ act: 'breathe' as const })
const ofTab = (...acts: ('look' | 'hold' | 'release')[]) =>
  fc.record({ act: fc.constantFrom(...acts), tab: fc.nat({ max: TABS - 1 }) })

const before = fc.array(
  fc.oneof({ weight: 4, arbitrary: emit }, { weight: 2, arbitrary: ofTab('look') }, { weight: 1, arbitrary: breathe }),
  { maxLength: 12 },
)
const after = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: emit },
    { weight: 3, arbitrary: ofTab('look', 'hold', 'release') },
    { weight: 2, arbitrary: breathe },
  ),
  { maxLength: 20 },
)
/** The tabs in the order in which they come, and what happens before each does. */
const arrivals = fc
  .shuffledSubarray([0, 1, 2], { minLength: TABS })
  .chain(order =>
    fc.tuple(...order.map(tab => fc.tuple(fc.constant(tab), fc.array(fc.oneof(emit, breathe), { maxLength: 4 })))),
  )

/** More would let a tab forget where the others may still be. */
const MAX_LOOKS = 3

async function play({ tabs, emit: send }: TabbedBrowser, acts: readonly Act[]): Promise<void> {
  const looks = tabs.map(() => 0)
  for (const act of acts) {
    if (act.act === 'emit') send(act.channel)
    else if (act.act === 'breathe') await new Promise(resolve => setTimeout(resolve, 2))
    else if (act.act !== 'look' || (looks[act.tab] = (looks[act.tab] ?? 0) + 1) <= MAX_LOOKS)
      tabs[act.tab]?.page[act.act]()
  }
}

/** All tabs come to the next broker, in this order, and hear one more event of each channel there. */
async function arrive(browser: TabbedBrowser, order: readonly (readonly [number, readonly Act[]])[]): Promise<void> {
  const { tabs, emit: send, caughtUp, settled } = browser
  for (const [tab, acts] of order) {
    await play(browser, acts)
    tabs[tab]?.page.noticeSilence()
    tabs[tab]?.page.release()
  }
  await settled()
  for (const channel of CHANNELS) send(channel)
  await caughtUp()
}

describe('when a broker dies', () => {
  it('another takes its place, with one connection, and nothing is lost', async () => {
    const { tabs, emit: send, caughtUp, marked, brokers, server, errors } = await openBrowser(TABS)
    for (const channel of CHANNELS) send(channel)
    await caughtUp()
    await marked()
    brokers[0]?.kill()
    send('orders')
    for (const { page } of tabs) page.noticeSilence()
    await caughtUp()
    for (const { story } of tabs) expect(story).toEqual({ orders: [1, 'recovered', 2], floor: [1, 'recovered'] })
    expect([server.connections(), server.peakConnections()]).toEqual([1, 1])
    expect(brokers.map(({ name }) => name)).toEqual(['partyline/1:1:ann', 'partyline/1:2:ann'])
    expect(errors).toEqual([])
  })

  it('all tabs are complete, in whatever order they come and however far each had got', async () => {
    await fc.assert(
      fc.asyncProperty(before, after, arrivals, async (first, then, order) => {
        const browser = await tabbedBrowser(TABS)
        try {
          const { tabs, caughtUp, marked, brokers, server, sent } = browser
          await play(browser, first)
          // Within the last few marks of every tab there is one that no tab is behind.
          for (const channel of CHANNELS) browser.emit(channel)
          await caughtUp()
          await marked()
          await play(browser, then)
          brokers[0]?.kill()
          await arrive(browser, order)
          for (const { story } of tabs)
            for (const channel of CHANNELS) {
              expect(eventsOf(story[channel])).toEqual(upTo(sent[channel]))
              // A pause of the next broker's own, on a busy machine, makes its tabs attach once more.
              expect(new Set(wordsOf(story[channel]))).toEqual(new Set(['recovered']))
            }
          expect(server.peakConnections()).toBe(1)
        } finally {
          browser.close()
        }
      }),
      { numRuns: 30 },
    )
  }, 60_000)

  it('tabs that were told less are complete also when one that was told more comes first', async () => {
    const browser = await openBrowser(TABS)
    const { tabs, emit: send, caughtUp, marked, brokers } = browser
    for (const channel of CHANNELS) send(channel)
    await caughtUp()
    await marked()
    send('orders')
    await caughtUp()
    await marked(tabs.slice(0, 1))
    brokers[0]?.kill()
    await arrive(browser, [
      [0, []],
      [1, []],
      [2, []],
    ])
    for (const { story } of tabs) expect(story).toEqual({ orders: [1, 2, 'recovered', 3], floor: [1, 'recovered', 2] })
  })

  it('the next one carries on with its own session from then on, when its own connection is lost', async () => {
    const { tabs, emit: send, caughtUp, marked, settled, brokers, server } = await openBrowser(TABS)
    for (const channel of CHANNELS) send(channel)
    await caughtUp()
    await marked()
    brokers[0]?.kill()
    for (const { page } of tabs) page.noticeSilence()
    await settled()
    send('orders')
    await caughtUp()
    server.cut()
    send('orders')
    await caughtUp()
    expect(server.resumes).toEqual([undefined, expect.any(Object), undefined])
    for (const { story } of tabs)
      expect(story).toEqual({ orders: [1, 'recovered', 2, 'recovered', 3], floor: [1, 'recovered', 'recovered'] })
  })

  it('whatever is missing is told, nothing is doubled, and the order is kept, whatever the tabs were told before', async () => {
    const acts = fc.array(
      fc.oneof(
        { weight: 4, arbitrary: emit },
        { weight: 4, arbitrary: ofTab('look', 'hold', 'release') },
        { weight: 2, arbitrary: breathe },
      ),
      { maxLength: 40 },
    )
    await fc.assert(
      fc.asyncProperty(acts, arrivals, async (then, order) => {
        const browser = await tabbedBrowser(TABS)
        try {
          await play(browser, then)
          browser.brokers[0]?.kill()
          await arrive(browser, order)
          for (const { story } of browser.tabs)
            for (const channel of CHANNELS) {
              const events = eventsOf(story[channel])
              expect(events).toEqual([...new Set(events)].toSorted((a, b) => Number(a) - Number(b)))
              const words = wordsOf(story[channel])
              const isComplete = isDeepStrictEqual(events, upTo(browser.sent[channel]))
              expect(isComplete || words.includes('unknown')).toBe(true)
              expect(words.length).toBeGreaterThan(0)
            }
        } finally {
          browser.close()
        }
      }),
      { numRuns: 30 },
    )
  }, 60_000)

  it('each subscription hears `unknown` where the server cannot carry on, once and before the next event', async () => {
    const { tabs, emit: send, caughtUp, brokers } = await openBrowser(TABS, { server: { recovers: false } })
    for (const channel of CHANNELS) send(channel)
    await caughtUp()
    brokers[0]?.kill()
    send('orders')
    for (const { page } of tabs) page.noticeSilence()
    await waitFor(() => tabs.every(({ story }) => wordsOf(story.orders).length === 1), 'a word to every tab')
    send('orders')
    await caughtUp()
    for (const { story } of tabs) expect(story).toEqual({ orders: [1, 'unknown', 3], floor: [1, 'unknown'] })
  })

  it('each time, for as long as there are tabs', async () => {
    const { tabs, emit: send, caughtUp, marked, brokers, server } = await openBrowser(TABS)
    for (let deaths = 0; deaths < 5; deaths++) {
      send('orders')
      await caughtUp()
      await marked()
      brokers.at(-1)?.kill()
      send('orders')
      for (const { page } of tabs) page.noticeSilence()
      await caughtUp()
    }
    for (const { story } of tabs) expect(eventsOf(story.orders)).toEqual(upTo(10))
    expect(tabs.flatMap(({ story }) => wordsOf(story.orders))).not.toContain('unknown')
    expect(brokers).toHaveLength(6)
    expect(server.peakConnections()).toBe(1)
  })

  it('tabs that notice it at different times agree on one other, also where one comes much later', async () => {
    const { tabs, emit: send, caughtUp, settled, brokers, locks } = await openBrowser(TABS)
    brokers[0]?.kill()
    tabs[0]?.page.noticeSilence()
    tabs[1]?.page.noticeSilence()
    // It has not waited for the third any longer.
    await settled(tabs.slice(0, 2))
    tabs[2]?.page.noticeSilence()
    await waitFor(() => brokers[1]?.broker.stats().sessions.attached === TABS, 'all tabs')
    await waitFor(() => [...locks].every(name => name.startsWith('partyline/1:tab:2:')), 'leases for it alone')
    send('orders')
    await caughtUp()
    expect(brokers).toHaveLength(2)
    expect(locks.size).toBe(TABS)
  })

  it('a tab that is opened meanwhile finds the next one', async () => {
    const { tabs, emit: send, caughtUp, brokers, open } = await openBrowser(2)
    brokers[0]?.kill()
    tabs[0]?.page.noticeSilence()
    await waitFor(() => brokers.length === 2, 'the next broker')
    const late = open()
    // At once, and not after it has waited for the dead one.
    await waitFor(() => late.page.line.status === 'open', 'an open line', 1_000)
    tabs[1]?.page.noticeSilence()
    await waitFor(() => brokers[1]?.broker.stats().sessions.attached === 3, 'all tabs')
    await waitFor(() => brokers[1]?.broker.stats().channels.every(({ state }) => state === 'joined'), 'the joins')
    send('orders')
    await caughtUp([...tabs, late])
    expect(wordsOf(late.story.orders)).toEqual([])
    expect(brokers).toHaveLength(2)
  })
})

describe('what tabs had published when a broker dies', () => {
  it('is sent by the next where nobody had said that it was sent', async () => {
    const { tabs, brokers, server } = await openBrowser(2)
    server.behaviour.open = () => new Promise(() => {})
    const [tab] = tabs
    brokers[0]?.kill()
    const published = tab?.page.line.channel('orders').publish('place', { table: 4 }, { durable: false })
    delete server.behaviour.open
    for (const { page } of tabs) page.noticeSilence()
    const receipt = await published
    expect(await receipt?.settled).toMatchObject({ outcome: 'acknowledged' })
    expect(server.published).toHaveLength(1)
  })

  it('is unconfirmed where it was sent and never acknowledged, and not sent again', async () => {
    const { tabs, brokers, server } = await openBrowser(2)
    server.behaviour.publish = () => new Promise(() => {})
    const [tab] = tabs
    const receipt = await tab?.page.line.channel('orders').publish('place', { table: 4 }, { durable: false })
    brokers[0]?.kill()
    for (const { page } of tabs) page.noticeSilence()
    expect(await receipt?.settled).toMatchObject({ outcome: 'unconfirmed' })
    expect(server.published).toHaveLength(1)
  })
})

import fc from 'fast-check'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { tabsChannel, type Deliver, type Hello, type MarkNotice, type SignalOp } from '../../src/protocol/index.ts'
import { fakeClockHost, reactions } from '../support/line/fake-clock-host.ts'
import { nodeBrowser } from '../support/line/node-browser.ts'
import { startNodeLine } from '../support/line/node-line.ts'
import { rawTab, type RawTab } from '../support/line/raw-tab.ts'
import { upTo } from '../support/line/tabbed-browser.ts'
import { testTransport } from '../support/line/test-transport.ts'
import { waitFor } from '../support/line/wait-for.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

const wanted = (deliver: Deliver): Hello['wanted'] => [{ channel: 'orders', deliver }]

/** A line whose tabs come in the order in which they are opened. */
function setUp() {
  const host = fakeClockHost()
  const transport = testTransport()
  const line = startNodeLine({ transport, livenessPollMs: 1_000, maxFrameItems: 4 }, host)
  ends.push(() => line.close())
  let sent = 0

  async function open(tabId: string, deliver: Deliver, more: Partial<Hello> = {}): Promise<RawTab> {
    await host.advance(10)
    host.locks.add(tabId)
    const lease = { kind: 'lock', name: tabId } as const
    const tab = await rawTab(line, { tabId, lease, wanted: wanted(deliver), ...more })
    await waitFor(() => line.broker.stats().channels[0]?.state === 'joined', 'the join')
    return tab
  }

  return {
    host,
    line,
    emit(count = 1) {
      for (let n = 0; n < count; n++) transport.sink().event({ channel: 'orders', event: 'e', payload: ++sent })
    },
    open,
    /** One that handles all that it gets at once. */
    async openQuick(tabId: string, deliver: Deliver, more: Partial<Hello> = {}) {
      const tab = await open(tabId, deliver, more)
      tab.acknowledgeAll()
      return tab
    },
  }
}

const signal = (tab: RawTab, name: SignalOp['signal']) =>
  tab.call('ask', { epoch: tab.epoch, ops: [{ op: 'signal', signal: name }] })

/** What came to this tab alone. */
const ones = (tab: RawTab): unknown[] =>
  tab.events().flatMap(item => (Array.isArray(item) && (item[0] as number) < 0 ? [item[2]] : []))
const alls = (tab: RawTab): unknown[] =>
  tab.events().flatMap(item => (Array.isArray(item) && (item[0] as number) > 0 ? [item[2]] : []))

describe('what exactly one tab is to get', () => {
  it('goes to the visible tab that had the focus last, whoever that is at the time', async () => {
    const { host, emit, openQuick } = setUp()
    const [a, b, c] = [
      await openQuick('a', 'one', { focused: true }),
      await openQuick('b', 'one'),
      await openQuick('c', 'one', { visible: false }),
    ]
    emit()
    await waitFor(() => ones(a).length === 1, 'the first')
    await host.advance(10)
    await signal(b, 'focused')
    emit()
    await waitFor(() => ones(b).length === 1, 'the second')
    await signal(b, 'hidden')
    emit()
    await waitFor(() => ones(a).length === 2, 'the third')
    await signal(a, 'hidden')
    await signal(c, 'visible')
    emit()
    await waitFor(() => ones(c).length === 1, 'the fourth')
    expect([ones(a), ones(b), ones(c)]).toEqual([[1, 3], [2], [4]])
  })

  it('comes besides what all get, to a tab that wants both, and never to one that does not ask for it', async () => {
    const { emit, openQuick } = setUp()
    const both = await openQuick('both', 'both', { focused: true })
    const one = await openQuick('one', 'one')
    const all = await openQuick('all', 'all')
    emit(3)
    for (const tab of [both, all]) await waitFor(() => alls(tab).length === 3, 'what all get')
    await waitFor(() => ones(both).length === 3, 'what one gets')
    expect([alls(both), ones(both)]).toEqual([upTo(3), upTo(3)])
    expect([alls(all), ones(all)]).toEqual([upTo(3), []])
    expect(one.events()).toEqual([])
  })

  it('waits for the first that asks for it no longer than the event itself: nobody gets it afterwards', async () => {
    const { emit, openQuick } = setUp()
    const all = await openQuick('all', 'all')
    emit()
    await waitFor(() => alls(all).length === 1, 'the event')
    const one = await openQuick('one', 'one')
    emit()
    await waitFor(() => ones(one).length === 1, 'the next event')
    expect(ones(one)).toEqual([2])
  })

  it('before a tab asked for it does not come to it because another one comes back', async () => {
    const { host, line, emit, open, openQuick } = setUp()
    const all = await openQuick('all', 'all')
    await all.call('ping', all.epoch)
    const { mark } = await waitFor<MarkNotice>(
      () => all.items().findLast((item): item is MarkNotice => 'mark' in item),
      'a mark',
    )
    emit(3)
    await waitFor(() => alls(all).length === 3, 'the events')
    const one = await openQuick('one', 'one', { focused: true })
    const wantedAgain = [{ channel: 'orders', deliver: 'all' as const, resume: { moved: false } }]
    const back = await open('back', 'all', { marks: [mark], wanted: wantedAgain })
    back.acknowledgeAll()
    await waitFor(() => alls(back).length === 3, 'what it missed')
    await host.advance(5_000)
    emit()
    await waitFor(() => ones(one).includes(4), 'the next event')
    expect(ones(one)).toEqual([4])
    expect(line.broker.stats().sessions.attached).toBe(3)
  })

  it('follows the last word on how a tab wants it', async () => {
    const { emit, openQuick } = setUp()
    const a = await openQuick('a', 'one', { focused: true })
    const b = await openQuick('b', 'one')
    await a.call('ask', { epoch: a.epoch, ops: [{ op: 'subscribe', channel: 'orders', deliver: 'all' }] })
    emit()
    await waitFor(() => ones(b).length === 1, 'what one gets')
    await waitFor(() => alls(a).length === 1, 'what all get')
    expect(ones(a)).toEqual([])
  })
})

describe('what the tab that got it had not acknowledged', () => {
  const goings: [string, (tab: RawTab, setup: ReturnType<typeof setUp>) => Promise<unknown>][] = [
    [
      'dies',
      async (_tab, { host }) => {
        host.locks.delete('a')
        await host.advance(2_000)
      },
    ],
    ['closes', tab => tab.call('bye', tab.epoch)],
    ['goes into the back/forward cache', tab => tab.call('suspend', tab.epoch, 0)],
    ['freezes', tab => signal(tab, 'frozen')],
    [
      'wants it no longer',
      tab => tab.call('ask', { epoch: tab.epoch, ops: [{ op: 'unsubscribe', channel: 'orders' }] }),
    ],
    [
      'wants only what all get',
      tab => tab.call('ask', { epoch: tab.epoch, ops: [{ op: 'subscribe', channel: 'orders', deliver: 'all' }] }),
    ],
  ]

  it.each(goings)('is handed on in its order when that %s; what it had acknowledged is not', async (_, go) => {
    const setup = setUp()
    const { emit, openQuick } = setup
    const a = await openQuick('a', 'one', { focused: true })
    const b = await openQuick('b', 'one')
    emit(2)
    await waitFor(() => ones(a).length === 2, 'the first two')
    a.holdBack()
    emit()
    // It comes when they are acknowledged.
    await waitFor(() => ones(a).length === 3, 'the third')
    const inFlight = a.frames.length
    emit(29)
    await waitFor(() => a.frames.length > inFlight, 'more frames in flight')
    await go(a, setup)
    await waitFor(() => ones(b).length === 30, 'what it had not')
    expect(ones(b)).toEqual(upTo(32, 3))
    emit()
    await waitFor(() => ones(b).length === 31, 'the next')
  })

  it.each(['suspend', 'bye'])('but had handled is not handed on: with %s it says how far it had come', async method => {
    const { emit, openQuick } = setUp()
    const a = await openQuick('a', 'one', { focused: true })
    const b = await openQuick('b', 'one')
    emit()
    await waitFor(() => ones(a).length === 1, 'the first, and all that came with the welcome')
    a.holdBack()
    emit()
    await waitFor(() => ones(a).length === 2, 'the second')
    // Its acknowledgement is still on its way: the ports have no order between them.
    await a.call(method, a.epoch, a.frames.length)
    emit()
    await waitFor(() => ones(b).includes(3), 'the third')
    expect(ones(b)).toEqual([3])
  })

  it('stays with it where no other is awake, and comes to it once', async () => {
    const { emit, open, host } = setUp()
    const a = await open('a', 'one', { focused: true })
    a.acknowledge(1)
    emit(3)
    await waitFor(() => ones(a).length >= 1, 'the first')
    await signal(a, 'frozen')
    emit(1)
    await host.advance(1_000)
    // It thaws.
    await signal(a, 'visible')
    a.acknowledgeAll()
    await waitFor(() => ones(a).length >= 4, 'all')
    emit()
    await waitFor(() => ones(a).includes(5), 'the next')
    expect(ones(a)).toEqual(upTo(5))
  })

  it('is no matter of where the focus was before a page was cached: what counts is where it is now', async () => {
    const { line, host, emit, openQuick } = setUp()
    const a = await openQuick('a', 'one')
    const b = await openQuick('b', 'one', { focused: true })
    await a.call('suspend', a.epoch, a.frames.length)
    await host.advance(10)
    const back = await rawTab(line, {
      tabId: 'a',
      attempt: 2,
      focused: true,
      lease: { kind: 'lock', name: 'a' },
      wanted: wanted('one'),
      session: { id: a.sessionId, seq: a.frames.length },
    })
    back.acknowledgeAll()
    emit(1)
    await waitFor(() => ones(back).length === 1, 'the event')
    expect(ones(b)).toEqual([])
  })

  it('in the cache comes with it, where no other was awake', async () => {
    const { line, emit, open, host } = setUp()
    const a = await open('a', 'one', { focused: true })
    emit(3)
    await a.call('suspend', a.epoch, 1)
    emit(3)
    const back = await rawTab(line, {
      tabId: 'a',
      attempt: 2,
      lease: { kind: 'lock', name: 'a' },
      wanted: wanted('one'),
      session: { id: a.sessionId, seq: 1 },
    })
    back.acknowledgeAll()
    await host.advance(0)
    await waitFor(() => ones(back).length === 6, 'all')
    expect(ones(back)).toEqual(upTo(6))
  })
})

it('each event comes to exactly one tab, whatever the tabs do, as long as they say what they have handled', async () => {
  type Act =
    | { readonly act: 'emit' }
    | { readonly act: 'visible' | 'hidden' | 'focused' | 'bye' | 'open'; readonly tab: number }
  const acts: fc.Arbitrary<Act[]> = fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant({ act: 'emit' as const }) },
      {
        weight: 4,
        arbitrary: fc.record({
          act: fc.constantFrom(
            'visible' as const,
            'hidden' as const,
            'focused' as const,
            'bye' as const,
            'open' as const,
          ),
          tab: fc.nat({ max: 2 }),
        }),
      },
    ),
    { maxLength: 30 },
  )
  await fc.assert(
    fc.asyncProperty(acts, async all => {
      const { host, line, emit, openQuick } = setUp()
      // One that stays, so that there always is somebody.
      const seen: RawTab[] = [await openQuick('stays', 'one', { visible: false })]
      const present: (RawTab | undefined)[] = [undefined, undefined, undefined]
      let sent = 0
      for (const act of all) {
        if (act.act === 'emit') {
          emit()
          sent++
          continue
        }
        const tab = present[act.tab]
        if (act.act === 'open') {
          if (tab === undefined) {
            const opened = await openQuick(`tab-${seen.length}`, 'one')
            seen.push(opened)
            present[act.tab] = opened
          }
        } else if (tab !== undefined && act.act === 'bye') {
          // From now on it handles nothing more.
          tab.data.close()
          await tab.call('bye', tab.epoch, tab.frames.length)
          present[act.tab] = undefined
        } else if (tab !== undefined && act.act !== 'bye') await signal(tab, act.act)
      }
      await waitFor(() => seen.flatMap(ones).length >= sent, 'all events')
      // Behind whatever may still be on its way to them.
      for (const tab of [...present, ...seen.slice(0, 1)]) {
        if (tab === undefined) continue
        await host.advance(10)
        await signal(tab, 'visible')
        await signal(tab, 'focused')
        emit()
        sent++
        await waitFor(() => ones(tab).includes(sent), 'one more')
      }
      expect(seen.flatMap(ones).toSorted((a, b) => Number(a) - Number(b))).toEqual(upTo(sent))
      for (const tab of seen) expect(ones(tab)).toEqual(ones(tab).toSorted((a, b) => Number(a) - Number(b)))
      line.close()
    }),
    { numRuns: 40 },
  )
}, 30_000)

describe('when the broker dies', () => {
  it.each([
    ['the tab that got them comes first', [1, 0]],
    ['the tab that got them comes last', [0, 1]],
  ])('no tab gets again what one had handled, and none misses what came meanwhile: %s', async (_, order) => {
    const browser = nodeBrowser({ speed: 5 })
    onTestFinished(() => browser.close())
    const pages = [browser.openPage(), browser.openPage()]
    const noted = pages.map(page => page.note('orders', { deliver: 'one' }))
    const numbers = (): unknown[] => noted.flat().filter(word => typeof word === 'number')
    const { brokers, server } = browser
    const attached = () => brokers.findLast(({ isDead }) => !isDead)?.broker.stats().sessions.attached
    await waitFor(() => pages.every(({ line }) => line.channel('orders').state === 'joined'), 'the joins')
    for (const n of [1, 2, 3]) server.emit('orders', n)
    await waitFor(() => numbers().length === 3, 'three events')
    const position = server.emit('floor', 'nobody wants it')
    expect(position).toBe('p4')
    for (const page of pages) page.look()
    await waitFor(() => pages.every(({ marks }) => marks.at(-1)?.checkpoint?.['']?.position === 'p3'), 'marks')
    server.emit('orders', 4)
    await waitFor(() => numbers().length === 4, 'the fourth event')
    brokers[0]?.kill()
    server.emit('orders', 5)
    for (const [nth, index] of order.entries()) {
      pages[index]?.noticeSilence()
      await waitFor(() => attached() === nth + 1, 'the tab')
      await waitFor(() => brokers.at(-1)?.broker.stats().channels[0]?.state === 'joined', 'the join')
    }
    server.emit('orders', 6)
    await waitFor(() => numbers().includes(6), 'the sixth event')
    expect(numbers().toSorted((a, b) => Number(a) - Number(b))).toEqual(upTo(6))
  })

  it('with the tab that got them, what that had handled does not come again, as it says when it leaves', async () => {
    const browser = nodeBrowser({ speed: 5 })
    onTestFinished(() => browser.close())
    const [stays, leaves] = [browser.openPage(), browser.openPage()]
    const stayed = stays.note('orders', { deliver: 'one' })
    await waitFor(() => stays.line.channel('orders').state === 'joined', 'the first join')
    const left = leaves.note('orders', { deliver: 'one' })
    await waitFor(() => leaves.line.channel('orders').state === 'joined', 'the second join')
    const { brokers, server } = browser
    for (const n of [1, 2]) server.emit('orders', n)
    await waitFor(() => left.includes(2), 'two events')
    for (const page of [stays, leaves]) page.look()
    await waitFor(() => stays.marks.at(-1)?.checkpoint?.['']?.position === 'p2', 'a mark')
    for (const n of [3, 4]) server.emit('orders', n)
    await waitFor(() => left.includes(4), 'the fourth event')
    const said = nextLastWord()
    brokers[0]?.kill()
    server.emit('orders', 5)
    leaves.line.close()
    await said
    stays.noticeSilence()
    await waitFor(() => stayed.includes(5), 'the fifth event')
    server.emit('orders', 6)
    await waitFor(() => stayed.includes(6), 'the sixth event')
    expect(left).toEqual(upTo(4))
    expect(stayed.filter(word => typeof word === 'number')).toEqual([5, 6])
  })
})

/** Resolves when all tabs have heard it. */
async function nextLastWord(): Promise<void> {
  const channel = new BroadcastChannel(tabsChannel('ann'))
  await new Promise(resolve => channel.addEventListener('message', resolve, { once: true }))
  channel.close()
  await reactions()
}

import { afterEach, describe, expect, it } from 'vitest'
import type { Hello, Item, MarkNotice } from '../../src/protocol/index.ts'
import type { BrokerOptions } from '../../src/worker/index.ts'
import { fakeClockHost, reactions } from '../support/line/fake-clock-host.ts'
import { itemsOf } from '../support/line/items-of.ts'
import { startNodeLine } from '../support/line/node-line.ts'
import { rawTab, type RawTab } from '../support/line/raw-tab.ts'
import { testTransport } from '../support/line/test-transport.ts'
import { waitFor } from '../support/line/wait-for.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

const WANTED = [{ channel: 'orders' }]

/** A line with one tab that has joined the channel, and handled all that came so far. */
async function setUp(options: Partial<BrokerOptions> = {}) {
  const host = fakeClockHost()
  const transport = testTransport()
  const line = startNodeLine({ transport, ...options }, host)
  ends.push(() => line.close())
  let n = 0
  let attempt = 1
  const tab = await rawTab(line, { wanted: WANTED })
  tab.acknowledgeAll()
  await waitFor(() => line.broker.stats().channels[0]?.state === 'joined', 'the join')
  await quiet()

  /** Everything that was sent is acknowledged. */
  async function quiet(): Promise<void> {
    for (let round = 0; round < 5; round++) await reactions()
    await waitFor(() => line.broker.stats().queued.items === 0, 'an empty queue')
  }

  return {
    host,
    transport,
    line,
    tab,
    quiet,
    /** The server sends so many events, with rising numbers. */
    emit(count = 1) {
      for (let sent = 0; sent < count; sent++) transport.sink().event({ channel: 'orders', event: 'e', payload: ++n })
    },
    /** Attaches the tab to the session that it had, over another port. */
    comeBack: (from: RawTab, seq: number, hello: Partial<Hello> = {}) =>
      rawTab(line, { attempt: ++attempt, wanted: WANTED, session: { id: from.sessionId, seq }, ...hello }),
  }
}

/** Events and verdicts, in the order in which the tab heard of them. */
function story(items: readonly Item[]): unknown[] {
  return items.flatMap(item => {
    if (Array.isArray(item)) return [item[2]]
    if (!('verdict' in item)) return []
    return ['missed' in item ? `${item.verdict} ${item.missed}` : item.verdict]
  })
}

const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

describe('a page that goes into the back/forward cache', () => {
  it('is posted nothing, on neither port, whatever comes', async () => {
    const { host, line, transport, tab, emit } = await setUp({ livenessPollMs: 1_000, suspendedMs: 300_000 })
    const before = tab.frames.length
    expect(await tab.call('suspend', tab.epoch)).toEqual({ ok: true, value: undefined })
    let messages = 0
    for (const port of [tab.control, tab.data]) port.addEventListener('message', () => messages++)
    emit(1_000)
    transport.lose()
    // The browser may have made it give up its lock.
    host.locks.delete('raw')
    await host.advance(299_000)
    emit(10)
    expect(line.broker.stats().sessions).toMatchObject({ attached: 1, suspended: 1 })
    await host.advance(10_000)
    expect(line.broker.stats().sessions).toMatchObject({ attached: 0, detachedDead: 1 })
    await reactions()
    expect(messages).toBe(0)
    expect(tab.frames).toHaveLength(before)
  })

  it('and comes back gets each of 1000 events once and in order, after the word that nothing is missing', async () => {
    const { line, tab, emit, comeBack } = await setUp()
    await tab.call('suspend', tab.epoch)
    emit(1_000)
    const back = await comeBack(tab, tab.frames.length)
    back.acknowledgeAll()
    await waitFor(() => back.events().length >= 1_000, '1000 events')
    expect(back.welcome).toMatchObject({ resumed: true, sessionId: tab.sessionId })
    expect(story(back.items())).toEqual(['recovered', ...upTo(1_000)])
    emit(1)
    await waitFor(() => back.events().length > 1_000, 'the next event')
    expect(back.events().at(-1)).toMatchObject([expect.any(Number), 'e', 1_001])
    expect(line.broker.stats()).toMatchObject({ sessions: { attached: 1, suspended: 0 }, queued: { items: 0 } })
  })

  it('and comes back to a queue that overflowed hears how many are missing, in their place', async () => {
    const { tab, emit, comeBack } = await setUp({ maxQueuedItems: 100 })
    await tab.call('suspend', tab.epoch)
    emit(1_000)
    const back = await comeBack(tab, tab.frames.length)
    back.acknowledgeAll()
    await waitFor(() => back.events().at(-1)?.[2 as never] === 1_000, 'the last event')
    const [verdict, ...rest] = story(back.items())
    expect(verdict).toBe(`gap ${1_000 - rest.length}`)
    expect(rest).toEqual(upTo(1_000, 1_001 - rest.length))
    expect(rest.length).toBeGreaterThan(90)
  })

  it.each([
    ['none of the frames in flight', 0],
    ['the first of the frames in flight', 1],
    ['all of the frames in flight', 3],
  ])('and had handled %s gets once what it had not, ahead of what came since', async (_, handled) => {
    const { line, emit, comeBack } = await setUp({ maxFrameItems: 10 })
    const slow = await rawTab(line, { tabId: 'slow', wanted: WANTED })
    await waitFor(() => slow.items().length > 0, 'the first frame')
    const first = slow.frames.length
    emit(100)
    await waitFor(() => slow.frames.length > first, 'frames')
    const inFlight = slow.frames.length
    const seq = first + Math.min(handled, inFlight - first)
    // Of what it has handled nothing is acknowledged: acknowledgements and `suspend` have no order between them.
    await slow.call('suspend', slow.epoch)
    emit(50)
    const back = await comeBack(slow, seq, { tabId: 'slow' })
    back.acknowledgeAll()
    const before = slow.frames.slice(0, seq).flatMap(frame => story(itemsOf(frame)))
    await waitFor(() => back.events().length === 150 - before.length, 'the rest')
    expect([...before, ...story(back.items())].filter(word => word !== 'recovered')).toEqual(upTo(150))
    expect(story(back.items())[0]).toBe('recovered')
  })

  it('twice, without having handled anything in between, still gets all of it', async () => {
    const { tab, emit, comeBack } = await setUp()
    emit(1)
    await waitFor(() => tab.events().length === 1, 'the event')
    const seq = tab.frames.length
    await tab.call('suspend', tab.epoch)
    emit(20)
    // Back for a moment, and gone again before it could handle a frame or hear its welcome.
    const moment = await comeBack(tab, seq)
    await moment.call('suspend', moment.epoch)
    emit(20)
    const back = await comeBack(tab, seq)
    back.acknowledgeAll()
    await waitFor(() => back.events().at(-1)?.[2 as never] === 41, 'the last event')
    expect(story(back.items()).filter(word => word !== 'recovered')).toEqual(upTo(41, 2))
  })

  it.each(['suspend', 'bye', 'stats', 'ping'])(
    'and is back is beyond what its earlier port still says: %s',
    async method => {
      const { line, tab, emit, comeBack } = await setUp()
      // Without `suspend`, or before it: the ports have no order between them.
      const back = await comeBack(tab, tab.frames.length)
      back.acknowledgeAll()
      expect(await tab.call(method, tab.epoch)).toMatchObject({ ok: false, error: { code: 'stale-epoch' } })
      emit(1)
      await waitFor(() => back.events().length === 1, 'the event')
      expect(line.broker.stats().sessions).toMatchObject({ attached: 1, suspended: 0 })
    },
  )

  it('and is back is beyond garbage on its earlier ports', async () => {
    const { line, tab, emit, comeBack } = await setUp({ maxRejectedMessages: 2 })
    const back = await comeBack(tab, tab.frames.length)
    back.acknowledgeAll()
    for (let n = 0; n < 2; n++) void tab.call('ask', { garbage: true })
    for (let n = 0; n < 2; n++) tab.data.postMessage({ garbage: true })
    emit(1)
    await waitFor(() => back.events().length === 1, 'the event')
    expect(line.broker.stats().sessions).toMatchObject({ attached: 1 })
  })

  it('and has given up its lock a moment before it says so is not taken for dead', async () => {
    const { host, line, tab, emit, comeBack } = await setUp({ livenessPollMs: 1_000 })
    host.locks.delete('raw')
    await host.advance(1_500)
    await tab.call('suspend', tab.epoch, tab.frames.length)
    await host.advance(60_000)
    emit(1)
    expect(line.broker.stats().sessions).toMatchObject({ attached: 1, suspended: 1 })
    const back = await comeBack(tab, tab.frames.length)
    expect(back.welcome.resumed).toBe(true)
  })

  it('does not come back to a session that it does not name', async () => {
    const { line, tab, emit, comeBack } = await setUp()
    await tab.call('suspend', tab.epoch)
    emit(3)
    const back = await comeBack(tab, 0, { session: { id: 'of another broker', seq: 9 } })
    back.acknowledgeAll()
    expect(back.welcome.resumed).toBe(false)
    expect(back.sessionId).not.toBe(tab.sessionId)
    emit(1)
    await waitFor(() => back.events().length > 0, 'the next event')
    expect(story(back.items())).toEqual([4])
    expect(line.broker.stats().sessions).toMatchObject({ attached: 1, suspended: 0 })
  })

  it('does not come back to the session of another tab', async () => {
    const { line, tab, emit, comeBack } = await setUp()
    await tab.call('suspend', tab.epoch)
    emit(3)
    const other = await comeBack(tab, 0, { tabId: 'other' })
    expect(other.welcome).toMatchObject({ resumed: false })
    expect(line.broker.stats().sessions).toMatchObject({ attached: 2, suspended: 1 })
  })

  it('and is back leaves no port of before open', async () => {
    const { tab, comeBack } = await setUp()
    const closed = new Promise(resolve => tab.data.addEventListener('close', resolve, { once: true }))
    await comeBack(tab, tab.frames.length)
    await closed
  })

  it('wants when it is back what it says then, and no more', async () => {
    const { line, transport, tab, emit, comeBack } = await setUp({ lingerMs: 0 })
    await tab.call('suspend', tab.epoch)
    emit(2)
    const back = await comeBack(tab, tab.frames.length, { wanted: [{ channel: 'floor' }] })
    back.acknowledgeAll()
    await waitFor(
      () => line.broker.stats().channels.find(({ channel }) => channel === 'floor')?.state === 'joined',
      'the floor',
    )
    transport.sink().event({ channel: 'floor', event: 'e', payload: 'f' })
    await waitFor(() => back.events().some(item => item[2 as never] === 'f'), 'the event of the floor')
    expect(line.broker.stats().channels.find(({ channel }) => channel === 'orders')?.sessions ?? 0).toBe(0)
    expect(back.items()).not.toContainEqual(expect.objectContaining({ verdict: 'recovered' }))
  })

  it('and is gone from the broker meanwhile comes back with its mark', async () => {
    const { host, tab, emit, quiet, comeBack } = await setUp({
      suspendedMs: 10_000,
      livenessPollMs: 1_000,
      lingerMs: 60_000,
    })
    emit(1)
    await waitFor(() => tab.events().length === 1, 'the event')
    await tab.call('ping', tab.epoch)
    await quiet()
    const { mark } = tab.items().findLast(item => 'mark' in item) as MarkNotice
    await tab.call('suspend', tab.epoch)
    await host.advance(30_000)
    emit(2)
    const back = await comeBack(tab, tab.frames.length, {
      wanted: [{ channel: 'orders', resume: { moved: false } }],
      marks: [mark],
    })
    back.acknowledgeAll()
    await waitFor(() => back.events().length === 2, 'the events')
    expect(back.welcome).toMatchObject({ resumed: false })
    expect(story(back.items())).toEqual(['recovered', 2, 3])
  })
})

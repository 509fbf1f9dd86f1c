import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { EventItem, Frame, Item, SubscriptionState } from '../../src/protocol/index.ts'
import { createTraffic } from '../../src/worker/observe/traffic.ts'
import { FrameSender, type Outgoing, type SendLimits } from '../../src/worker/sessions/frame-sender.ts'
import { RunTexts } from '../../src/worker/sessions/run-texts.ts'
import { itemsOf } from '../support/line/items-of.ts'

const ROOMY: SendLimits = {
  maxFrameItems: 512,
  maxFrameBytes: 262_144,
  maxQueuedItems: 16_384,
  maxQueuedBytes: 8_388_608,
}

/** A sender to a port that clones as a real one does. */
function setUp(limits: Partial<SendLimits> = {}) {
  const frames: Frame[] = []
  const errors: unknown[] = []
  const traffic = createTraffic()
  let overwhelmed = 0
  const sender = new FrameSender({
    runTexts: new RunTexts(),
    limits: { ...ROOMY, ...limits },
    traffic,
    post: frame => frames.push(structuredClone(frame)),
    reportError: error => errors.push(error),
    overwhelmed: () => overwhelmed++,
  })
  const send = (item: Item, bytes = 100): void => sender.send({ item, bytes })
  let acknowledged = 0
  /** Every other subscription is one of several tabs, whose events come as text. */
  function event(ref: number, payload: unknown, bytes = 100): void {
    if (ref % 2 === 0) sender.send({ ref, text: JSON.stringify([ref, 'e', payload]), bytes })
    else send([ref, 'e', payload], bytes)
  }
  return {
    frames,
    errors,
    traffic,
    sender,
    /** How often the sender has given its tab up. */
    overwhelmed: () => overwhelmed,
    send,
    event,
    receipt: (id: number, bytes?: number) => send({ type: 'receipt', id, stage: 'sent' }, bytes),
    /** Acknowledges whatever is in flight until nothing is left. */
    drain() {
      while (acknowledged < frames.length) sender.acknowledge(++acknowledged)
    },
    items: () => frames.flatMap(itemsOf),
    /** Resumes, and reads all that comes from then on. */
    resumeAt(seq: number, refs: readonly number[]) {
      const from = frames.length
      sender.resume(seq, refs)
      for (let next = from; next < frames.length; next++) sender.acknowledge(frames[next]?.seq ?? 0)
      return words(frames.slice(from).flatMap(itemsOf))
    },
  }
}

const isEvent = (item: Item): item is EventItem => Array.isArray(item)

const missedBy = (item: Item): number =>
  !isEvent(item) && item.type === 'continuity' && item.verdict === 'gap' ? (item.missed ?? 0) : 0

/** Short words for items: `1:a` is event `a` of ref 1. */
function words(items: readonly Item[]): string[] {
  return items.map(item => {
    if (isEvent(item)) return `${item[0]}:${String(item[2])}`
    switch (item.type) {
      case 'continuity':
        return `${item.ref} ${item.verdict}${'missed' in item ? ` ${item.missed}` : ''}`
      case 'receipt':
        return `receipt ${item.id} ${item.stage}`
      case 'subscription':
        return `subscription ${item.ref} ${item.state}`
      case 'status':
      case 'mark':
      case 'credentials-wanted':
      case 'outbox':
      case 'presence':
        return item.type
    }
  })
}

describe('the acknowledgement is the clock', () => {
  test('with nothing in flight an item goes out at once', () => {
    const { frames, event } = setUp()
    event(1, 'a')
    expect(frames).toEqual([{ type: 'frame', seq: 1, items: [[1, 'e', 'a']] }])
  })

  test('while a frame is in flight items gather, and go out together with its acknowledgement', () => {
    const { frames, event, sender } = setUp()
    for (const payload of ['a', 'b', 'c', 'd']) event(1, payload)
    expect(frames).toHaveLength(1)
    expect(sender.queuedItems).toBe(3)
    expect(sender.queuedBytes).toBe(300)
    sender.acknowledge(1)
    expect(frames.map(frame => [frame.seq, ...words(itemsOf(frame))])).toEqual([
      [1, '1:a'],
      [2, '1:b', '1:c', '1:d'],
    ])
    expect(sender.queuedItems).toBe(0)
    expect(sender.queuedBytes).toBe(0)
  })

  test('an acknowledgement with nothing waiting makes the next item go out at once', () => {
    const { frames, event, sender } = setUp()
    event(1, 'a')
    sender.acknowledge(1)
    expect(frames).toHaveLength(1)
    event(1, 'b')
    expect(frames).toHaveLength(2)
  })

  test.each([
    ['of another frame', 2],
    ['of an earlier frame', 0],
  ])('an acknowledgement %s is refused and changes nothing', (_, seq) => {
    const { frames, event, sender } = setUp()
    event(1, 'a')
    event(1, 'b')
    expect(() => sender.acknowledge(seq)).toThrow(
      expect.objectContaining({ code: 'bad-message', message: `ack.seq is ${seq}; frame 1 is in flight` }),
    )
    expect(frames).toHaveLength(1)
  })

  test('the same frame is acknowledged only once', () => {
    const { event, sender } = setUp()
    event(1, 'a')
    sender.acknowledge(1)
    expect(() => sender.acknowledge(1)).toThrow(expect.objectContaining({ code: 'bad-message' }))
  })
})

describe('a frame is bounded', () => {
  test('by items', () => {
    const { frames, event, drain } = setUp({ maxFrameItems: 2 })
    for (let n = 1; n <= 6; n++) event(1, n)
    drain()
    expect(frames.map(({ items }) => items.length)).toEqual([1, 2, 2, 1])
  })

  test('by bytes; a larger event travels alone', () => {
    const { frames, event, drain } = setUp({ maxFrameBytes: 250 })
    event(1, 'first')
    event(1, 'a', 100)
    event(1, 'b', 150)
    event(1, 'c', 1)
    event(1, 'large', 1_000)
    event(1, 'd', 1)
    drain()
    expect(frames.map(frame => words(itemsOf(frame)))).toEqual([
      ['1:first'],
      ['1:a', '1:b'],
      ['1:c'],
      ['1:large'],
      ['1:d'],
    ])
  })
})

describe('when the queue is full', () => {
  test('the oldest events go, and each subscription hears how many before its next event', () => {
    const { event, drain, items, traffic } = setUp({ maxQueuedItems: 3 })
    event(1, 'in flight')
    for (const [ref, payload] of [
      [1, 'a'],
      [2, 'b'],
      [1, 'c'],
      [1, 'd'],
      [2, 'e'],
      [1, 'f'],
    ] as const)
      event(ref, payload)
    drain()
    expect(words(items())).toEqual(['1:in flight', '1 gap 2', '2 gap 1', '1:d', '2:e', '1:f'])
    expect(traffic.dropped).toBe(3)
  })

  test('bytes count as well as items, but one event always fits', () => {
    const { event, drain, items } = setUp({ maxQueuedBytes: 1_000 })
    event(1, 'in flight')
    event(1, 'a', 600)
    event(1, 'b', 600)
    event(1, 'huge', 5_000)
    drain()
    expect(words(items())).toEqual(['1:in flight', '1 gap 2', '1:huge'])
  })

  test('the news that nothing is missing is not lost either', () => {
    const { event, send, drain, items } = setUp({ maxQueuedItems: 1 })
    event(1, 'in flight')
    send({ type: 'continuity', ref: 1, verdict: 'recovered' })
    event(2, 'a')
    drain()
    expect(words(items())).toEqual(['1:in flight', '1 recovered', '2:a'])
  })

  test('what was lost before a subscription was left is not told to the next one', () => {
    const { event, send, drain, items } = setUp({ maxQueuedItems: 1 })
    event(1, 'in flight')
    event(1, 'a')
    send({ type: 'subscription', channel: 'c', ref: 1, state: 'left' })
    send({ type: 'subscription', channel: 'c', ref: 1, state: 'joined' })
    event(1, 'b')
    drain()
    expect(words(items())).toEqual(['1:in flight', 'subscription 1 left', 'subscription 1 joined', '1:b'])
  })

  test('a gap that was told is not told again', () => {
    const { event, drain, items } = setUp({ maxQueuedItems: 1 })
    event(1, 'in flight')
    event(1, 'a')
    event(1, 'b')
    drain()
    event(1, 'c')
    drain()
    expect(words(items())).toEqual(['1:in flight', '1 gap 1', '1:b', '1:c'])
  })

  test('answers are never dropped, and keep their order', () => {
    const { event, receipt, send, drain, items } = setUp({ maxQueuedItems: 2 })
    event(1, 'in flight')
    receipt(1)
    event(1, 'a')
    send({ type: 'subscription', channel: 'c', ref: 2, state: 'joined' })
    send({ type: 'status', status: 'open' })
    receipt(2)
    event(2, 'b')
    event(2, 'c')
    drain()
    expect(words(items())).toEqual([
      '1:in flight',
      'receipt 1 sent',
      'subscription 2 joined',
      'status',
      'receipt 2 sent',
      '1 gap 1',
      '2:b',
      '2:c',
    ])
  })

  describe('of a state that waits only the latest is kept:', () => {
    const subscription = (ref: number, state: SubscriptionState): Item => ({
      type: 'subscription',
      channel: `channel ${ref}`,
      ref,
      state,
    })

    test('of the status, and of each subscription', () => {
      const { send, receipt, drain, items, sender } = setUp({ maxQueuedItems: 1 })
      receipt(1)
      for (let n = 0; n < 200; n++) {
        send({ type: 'status', status: 'offline' })
        for (const ref of [1, 2]) send(subscription(ref, 'joining'))
        send({ type: 'status', status: 'open' })
        for (const ref of [1, 2]) send(subscription(ref, 'joined'))
        expect(sender.queuedItems).toBeLessThanOrEqual(4)
      }
      receipt(2)
      drain()
      expect(words(items())).toEqual([
        'receipt 1 sent',
        'status',
        'subscription 1 joined',
        'subscription 2 joined',
        'receipt 2 sent',
      ])
      expect(items()[1]).toEqual({ type: 'status', status: 'open' })
    })

    test('but every `left`, since each is waited for', () => {
      const { send, receipt, drain, items } = setUp({ maxQueuedItems: 3 })
      receipt(1)
      for (const state of ['left', 'joined', 'left', 'joined', 'left', 'joining', 'joined'] as const)
        send(subscription(1, state))
      drain()
      expect(words(items())).toEqual([
        'receipt 1 sent',
        'subscription 1 left',
        'subscription 1 left',
        'subscription 1 joined',
        'subscription 1 left',
        'subscription 1 joining',
        'subscription 1 joined',
      ])
    })

    test('and of channels that were all refused before they had a ref, each', () => {
      const { send, receipt, drain, items } = setUp({ maxQueuedItems: 2 })
      receipt(1)
      for (const channel of ['a', 'b', 'c', 'd']) send({ type: 'subscription', channel, ref: 0, state: 'refused' })
      drain()
      expect(items().slice(1)).toMatchObject(['a', 'b', 'c', 'd'].map(channel => ({ channel })))
    })
  })

  test('a tab for which more than maxQueuedItems answers were kept is given up', () => {
    const { receipt, overwhelmed } = setUp({ maxQueuedItems: 3 })
    receipt(0)
    for (let id = 1; id <= 6; id++) receipt(id)
    expect(overwhelmed()).toBe(0)
    receipt(7)
    expect(overwhelmed()).toBe(1)
  })

  test.each<[string, readonly Item[], string[]]>([
    ['recovered adds nothing', [{ type: 'continuity', ref: 1, verdict: 'recovered' }], ['1 gap 1']],
    ['gaps add up', [{ type: 'continuity', ref: 1, verdict: 'gap', missed: 4 }], ['1 gap 5']],
    ['a gap that nobody counted is unknown', [{ type: 'continuity', ref: 1, verdict: 'gap' }], ['1 unknown']],
    [
      'unknown wins over counts before and after it',
      [
        { type: 'continuity', ref: 1, verdict: 'unknown' },
        { type: 'continuity', ref: 1, verdict: 'gap', missed: 4 },
      ],
      ['1 unknown'],
    ],
    [
      'each subscription has its own',
      [
        { type: 'continuity', ref: 2, verdict: 'unknown' },
        { type: 'continuity', ref: 1, verdict: 'gap', missed: 1 },
      ],
      ['1 gap 2', '2 unknown'],
    ],
  ])('notices of continuity are folded into what is told: %s', (_, notices, told) => {
    const { event, send, drain, items } = setUp({ maxQueuedItems: 1 })
    event(1, 'in flight')
    event(1, 'dropped')
    for (const notice of notices) send(notice)
    event(9, 'last')
    drain()
    expect(words(items())).toEqual(['1:in flight', ...told, '9:last'])
  })
})

describe('while it is suspended', () => {
  test('nothing is posted, whatever comes and whatever is acknowledged', () => {
    const { frames, event, receipt, sender } = setUp({ maxFrameItems: 2, maxQueuedItems: 3 })
    event(1, 'in flight')
    sender.suspend()
    sender.acknowledge(1)
    for (let n = 0; n < 10; n++) event(1, n)
    receipt(1)
    expect(frames).toHaveLength(1)
    expect(sender.isQuiet).toBe(false)
  })

  test('a tab that takes nothing is given up as any other', () => {
    const { receipt, sender, overwhelmed } = setUp({ maxQueuedItems: 3 })
    sender.suspend()
    for (let id = 1; id <= 7; id++) receipt(id)
    expect(overwhelmed()).toBe(1)
  })
})

describe('when it is resumed', () => {
  test('each subscription that lost nothing hears so first, then comes what was not handled, once and in order', () => {
    const { event, receipt, sender, resumeAt } = setUp({ maxFrameItems: 2 })
    for (const payload of ['a', 'b', 'c', 'd', 'e']) event(1, payload)
    receipt(1)
    sender.suspend()
    event(2, 'f')
    // Frames 1 to 3 are in flight: `a`, `b c`, `d e`; the receipt is behind them.
    expect(resumeAt(1, [1, 2])).toEqual([
      '1 recovered',
      '2 recovered',
      '1:b',
      '1:c',
      '1:d',
      '1:e',
      'receipt 1 sent',
      '2:f',
    ])
  })

  test.each([
    [0, ['1:a', '1:b', '1:c', '1:d']],
    [1, ['1:b', '1:c', '1:d']],
    [2, ['1:d']],
    [3, ['1:d']],
  ])('with frame %i as the last handled, it sends %j', (seq, rest) => {
    const { event, sender, resumeAt } = setUp({ maxFrameItems: 2 })
    for (const payload of ['a', 'b', 'c']) event(1, payload)
    sender.suspend()
    event(1, 'd')
    expect(resumeAt(seq, [])).toEqual(rest)
  })

  test('frames go on with their numbers, so that none is taken for an earlier one', () => {
    const { event, frames, sender } = setUp()
    event(1, 'a')
    event(1, 'b')
    sender.suspend()
    sender.resume(0, [])
    // Nothing of that was handled either.
    sender.suspend()
    event(1, 'c')
    sender.resume(0, [])
    expect(frames.map(frame => [frame.seq, ...words(itemsOf(frame))])).toEqual([
      [1, '1:a'],
      [2, '1:a', '1:b'],
      [3, '1:a', '1:b', '1:c'],
    ])
  })

  test('where overflow dropped something that is told in its place, and not that nothing is missing', () => {
    const { event, sender, resumeAt } = setUp({ maxQueuedItems: 2 })
    event(1, 'in flight')
    sender.suspend()
    for (const payload of ['a', 'b', 'c', 'd']) event(1, payload)
    event(2, 'e')
    expect(resumeAt(0, [1, 2])).toEqual(['2 recovered', '1:in flight', '1 gap 3', '1:d', '2:e'])
  })

  test('what overflow took of events for one tab alone counts as well', () => {
    const { event, send, sender, resumeAt } = setUp({ maxQueuedItems: 1 })
    sender.suspend()
    send([-1, 'e', 'a'])
    send([-1, 'e', 'b'])
    event(2, 'c')
    expect(resumeAt(0, [1, 2])).toEqual(['2 recovered', '1 gap 2', '2:c'])
  })

  test('answers that overflow found come as well, ahead of what was behind them', () => {
    const { event, receipt, sender, resumeAt } = setUp({ maxQueuedItems: 2 })
    sender.suspend()
    receipt(1)
    event(1, 'a')
    event(1, 'b')
    event(1, 'c')
    expect(resumeAt(0, [1])).toEqual(['receipt 1 sent', '1 gap 1', '1:b', '1:c'])
  })

  test('it goes on as before: the acknowledgement is the clock again', () => {
    const { event, frames, sender } = setUp()
    sender.suspend()
    event(1, 'a')
    sender.resume(0, [1])
    event(1, 'b')
    expect(frames).toHaveLength(1)
    sender.acknowledge(1)
    expect(frames.map(frame => words(itemsOf(frame)))).toEqual([['1 recovered', '1:a'], ['1:b']])
    sender.acknowledge(2)
    expect(sender.isQuiet).toBe(true)
    expect(sender.queuedBytes).toBe(0)
  })

  test('nothing is doubled and nothing lost, however often it is, and however far the tab had come each time', () => {
    const act = fc.oneof(
      { weight: 5, arbitrary: fc.constant('event' as const) },
      { weight: 2, arbitrary: fc.constant('handle' as const) },
      { weight: 1, arbitrary: fc.constant('away' as const) },
    )
    fc.assert(
      fc.property(fc.array(act, { maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (acts, maxFrameItems) => {
        const { frames, event, sender } = setUp({ maxFrameItems })
        const handled: unknown[] = []
        let seen = 0
        let sent = 0
        const handle = (frame: Frame): void => {
          handled.push(...itemsOf(frame).flatMap(item => (isEvent(item) ? [item[2]] : [])))
        }
        const last = (): number => frames[seen - 1]?.seq ?? 0
        for (const next of acts) {
          if (next === 'event') event(1 + (sent % 2), ++sent)
          else if (next === 'handle' && frames[seen]) {
            handle(frames[seen++] as Frame)
            sender.acknowledge(last())
          } else if (next === 'away') {
            sender.suspend()
            event(1, ++sent)
            const from = frames.length
            sender.resume(last(), [1, 2])
            // Nothing comes any more over the port before.
            frames.splice(seen, from - seen)
          }
        }
        while (frames[seen]) {
          handle(frames[seen++] as Frame)
          sender.acknowledge(last())
        }
        expect(handled).toEqual(Array.from({ length: sent }, (_, index) => index + 1))
      }),
      { numRuns: 300 },
    )
  })
})

describe('what is taken back', () => {
  const isForOne = (outgoing: Outgoing): boolean =>
    'item' in outgoing && Array.isArray(outgoing.item) && (outgoing.item[0] as number) < 0

  test('is what is in flight and what waits, oldest first; the rest keeps its order', () => {
    const { event, send, sender, resumeAt } = setUp()
    send([-1, 'e', 'a'])
    event(1, 'b')
    send([-1, 'e', 'c'])
    event(2, 'd')
    const taken = sender.takeBack(isForOne)
    expect(taken.map(outgoing => 'item' in outgoing && words([outgoing.item]))).toEqual([['-1:a'], ['-1:c']])
    expect(sender.takeBack(isForOne)).toEqual([])
    sender.suspend()
    expect(resumeAt(0, [])).toEqual(['1:b', '2:d'])
  })

  test('is not what the tab has acknowledged', () => {
    const { send, sender } = setUp()
    send([-1, 'e', 'a'])
    sender.acknowledge(1)
    send([-1, 'e', 'b'])
    expect(sender.takeBack(isForOne)).toHaveLength(1)
  })

  test('leaves the figures right, and a frame that is empty now to be acknowledged as any other', () => {
    const { event, send, sender } = setUp()
    send([-1, 'e', 'a'])
    send([-1, 'e', 'b'])
    event(1, 'c')
    expect(sender.queuedBytes).toBe(200)
    sender.takeBack(isForOne)
    expect([sender.queuedItems, sender.queuedBytes]).toEqual([1, 100])
    sender.acknowledge(1)
    sender.acknowledge(2)
    expect(sender.isQuiet).toBe(true)
  })
})

describe('what cannot be cloned', () => {
  test('becomes a gap of one, and its neighbours survive', () => {
    const { event, receipt, drain, items, errors, frames } = setUp()
    event(1, 'in flight')
    event(1, 'before')
    event(1, () => {})
    receipt(1)
    event(2, 'after')
    drain()
    expect(words(items())).toEqual(['1:in flight', '1:before', '1 gap 1', 'receipt 1 sent', '2:after'])
    expect(frames.map(({ seq }) => seq)).toEqual([1, 2])
    expect(errors).toMatchObject([{ code: 'invalid-payload', message: 'event "e" cannot be cloned to a tab' }])
  })

  test('as the answer to a request becomes a failed receipt', () => {
    const { send, items, errors } = setUp()
    send({ type: 'receipt', id: 7, stage: 'acknowledged', reply: () => {} })
    expect(items()).toMatchObject([
      { type: 'receipt', id: 7, stage: 'failed', error: { code: 'invalid-payload', retryable: false } },
    ])
    expect(errors).toHaveLength(1)
  })
})

describe('for any interleaving of sends and acknowledgements', () => {
  type Act =
    | { readonly act: 'event'; readonly ref: number; readonly bytes: number }
    | { readonly act: 'receipt' | 'ack' }
  const act: fc.Arbitrary<Act> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        act: fc.constant('event' as const),
        ref: fc.integer({ min: 1, max: 3 }),
        bytes: fc.integer({ min: 1, max: 400 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ act: 'receipt' as const }) },
    { weight: 2, arbitrary: fc.constant({ act: 'ack' as const }) },
  )
  const limits = fc.record({
    maxFrameItems: fc.integer({ min: 1, max: 5 }),
    maxFrameBytes: fc.integer({ min: 50, max: 1_000 }),
    maxQueuedItems: fc.integer({ min: 1, max: 8 }),
    maxQueuedBytes: fc.integer({ min: 50, max: 2_000 }),
  })

  /** Sends events whose payload is their number within their subscription, and receipts with rising ids. */
  function play(acts: readonly Act[], bounds: SendLimits) {
    const line = setUp(bounds)
    const sent = new Map([1, 2, 3].map(ref => [ref, 0]))
    let receipts = 0
    let acknowledged = 0
    for (const next of acts) {
      if (next.act === 'event') {
        const number = (sent.get(next.ref) ?? 0) + 1
        sent.set(next.ref, number)
        line.event(next.ref, number, next.bytes)
      } else if (next.act === 'receipt') line.receipt(++receipts)
      else if (acknowledged < line.frames.length) line.sender.acknowledge(++acknowledged)
      const waiting = receipts - line.items().filter(item => !isEvent(item) && item.type === 'receipt').length
      expect(line.sender.queuedItems).toBeLessThanOrEqual(bounds.maxQueuedItems + waiting)
      if (line.overwhelmed() === 0) expect(line.sender.queuedItems).toBeLessThanOrEqual(2 * bounds.maxQueuedItems)
      expect(line.frames.length - acknowledged).toBeLessThanOrEqual(3)
    }
    while (acknowledged < line.frames.length) line.sender.acknowledge(++acknowledged)
    return { ...line, sent, receipts }
  }

  function forAny(check: (played: ReturnType<typeof play>, bounds: SendLimits) => void): void {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80 }), limits, (acts, bounds) => check(play(acts, bounds), bounds)),
      { numRuns: 300 },
    )
  }

  test('every event is delivered once and in order, or counted in a gap that is told before the next one', () => {
    forAny(({ items, sent }) => {
      // The numbers that a tab can account for: an event's own, and those next in line for a gap.
      const accounted = new Map([1, 2, 3].map(ref => [ref, [] as unknown[]]))
      for (const item of items()) {
        const seen = accounted.get(isEvent(item) ? item[0] : 'ref' in item ? item.ref : 0) ?? []
        if (isEvent(item)) seen.push(item[2])
        else for (let n = missedBy(item); n > 0; n--) seen.push(seen.length + 1)
      }
      for (const [ref, count] of sent)
        expect(accounted.get(ref)).toEqual(Array.from({ length: count }, (_, index) => index + 1))
    })
  })

  test('a gap that is told has a count above zero', () => {
    forAny(({ items }) => {
      const gaps = items().filter(item => !isEvent(item) && item.type === 'continuity')
      expect(gaps.filter(item => !(missedBy(item) > 0))).toEqual([])
    })
  })

  test('every receipt arrives, once and in order', () => {
    forAny(({ items, receipts }) => {
      const arrived = items().flatMap(item => (!isEvent(item) && item.type === 'receipt' ? [item.id] : []))
      expect(arrived).toEqual(Array.from({ length: receipts }, (_, index) => index + 1))
    })
  })

  test('frames are numbered without a break and hold no more events than they may', () => {
    forAny(({ frames }, { maxFrameItems }) => {
      expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, index) => index + 1))
      for (const frame of frames) expect(itemsOf(frame).filter(isEvent).length).toBeLessThanOrEqual(maxFrameItems)
    })
  })

  test('the figures add up', () => {
    forAny(({ items, frames, traffic, sender, sent }) => {
      const delivered = items().filter(isEvent).length
      expect(traffic.dropped + delivered).toBe([...sent.values()].reduce((sum, count) => sum + count, 0))
      expect(traffic.frames).toBe(frames.length)
      expect(traffic.deliveries).toBe(items().length)
      expect(sender.queuedBytes).toBe(0)
    })
  })
})

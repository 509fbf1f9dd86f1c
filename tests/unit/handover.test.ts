import { describe, expect, test } from 'vitest'
import { deferred } from '../../src/lib/index.ts'
import type { Checkpoint, Frame, Hello } from '../../src/protocol/index.ts'
import type { Port } from '../../src/worker/host.ts'
import { createTraffic } from '../../src/worker/observe/traffic.ts'
import { Handover } from '../../src/worker/peers/handover.ts'
import type { Identity } from '../../src/worker/peers/identity.ts'
import type { Farewell, Session } from '../../src/worker/sessions/session.ts'
import { Sessions } from '../../src/worker/sessions/sessions.ts'
import { fakeClockHost, reactions } from '../support/line/fake-clock-host.ts'

const CHECKPOINT: Checkpoint = { '/': { session: 's', position: '5' } }

const newer: Identity = {
  protocol: { major: 1, minor: 0 },
  epoch: 'newer',
  host: 'shared',
  generation: 2,
  build: 7,
  startedAt: 1,
  url: 'https://app.example/next.js',
  type: 'module',
}

const moved = { moved: { protocol: newer.protocol, generation: 2, url: newer.url, type: 'module' } }

const hello = (tabId: string, more: Partial<Hello> = {}): Hello => ({
  protocol: { major: 1, minor: 0 },
  scope: 'ann',
  tabId,
  attempt: 1,
  lease: { kind: 'lock', name: tabId },
  visible: true,
  focused: false,
  online: true,
  hasCredentials: false,
  wanted: [],
  ...more,
})

interface SetUp {
  readonly letGo?: () => Promise<Checkpoint | undefined>
  /** The broker has something to say to its tabs at last. */
  readonly hasNews?: boolean
}

function setUp({ letGo = () => Promise.resolve(CHECKPOINT), hasNews = true }: SetUp = {}) {
  const host = fakeClockHost()
  const limits = {
    maxFrameItems: 10,
    maxFrameBytes: 10_000,
    maxQueuedItems: 100,
    maxQueuedBytes: 100_000,
    maxPending: 10,
    maxChannels: 10,
    leaseMs: 10_000,
  }
  const log: string[] = []
  const sessions = new Sessions({
    host,
    limits,
    traffic: createTraffic(),
    livenessPollMs: 60_000,
    suspendedMs: 600_000,
    attached() {},
    resumed: () => [],
    probe() {},
    detached() {},
  })
  let pending = 0
  const handover = new Handover({
    host,
    sessions,
    pending: () => pending,
    letGo() {
      log.push('let go')
      return letGo()
    },
    lastWord(session) {
      log.push(`last word to ${session.tabId}`)
      if (hasNews) session.send({ type: 'mark', mark: { epoch: 'e', n: 1 } })
    },
    drained() {
      log.push('drained')
    },
  })
  return {
    host,
    sessions,
    handover,
    log,
    setPending(count: number) {
      pending = count
    },
    /** A tab that acknowledges nothing by itself. */
    attach(tabId: string, more: Partial<Hello> = {}) {
      const frames: Frame[] = []
      const farewells: Farewell[] = []
      const data: Port = {
        postMessage: frame => frames.push(frame as Frame),
        addEventListener() {},
        removeEventListener() {},
        close() {},
      }
      host.locks.add(tabId)
      const { session } = sessions.attach(hello(tabId, more), data)
      session.dismissed = farewell => {
        log.push(`dismiss ${tabId}`)
        farewells.push(farewell)
      }
      return { session, frames, farewells }
    },
  }
}

/** Acknowledges what has come so far. */
function acknowledging(session: Session, frames: readonly Frame[]): () => void {
  let handled = 0
  return () => {
    for (; handled < frames.length; handled++) session.sender.acknowledge(frames[handled]?.seq ?? 0)
  }
}

describe('a broker that goes', () => {
  test('lets the connection go at once where nothing waits for an acknowledgement', async () => {
    const { handover, log } = setUp()
    expect(handover.isUnderWay).toBe(false)
    const checkpoint = handover.to(newer)
    expect(handover.isUnderWay).toBe(true)
    expect(await checkpoint).toEqual(CHECKPOINT)
    expect(log).toEqual(['let go'])
  })

  test('waits for acknowledgements, and no longer than it must', async () => {
    const { host, handover, log, setPending } = setUp()
    setPending(2)
    void handover.to(newer)
    await host.advance(500)
    setPending(1)
    await host.advance(400)
    expect(log).toEqual([])
    setPending(0)
    await host.advance(20)
    await reactions()
    expect(log).toEqual(['let go'])
  })

  test('waits for acknowledgements at most 1 s', async () => {
    const { host, handover, log, setPending } = setUp()
    setPending(1)
    void handover.to(newer)
    await host.advance(980)
    expect(log).toEqual([])
    await host.advance(20)
    await reactions()
    expect(log).toEqual(['let go'])
  })

  test('has let the connection go before it says its last word to anybody', async () => {
    const gone = deferred<Checkpoint | undefined>()
    const { handover, attach, log } = setUp({ letGo: () => gone.promise })
    attach('a')
    const done = handover.to(newer)
    await reactions()
    expect(log).toEqual(['let go'])
    gone.resolve(CHECKPOINT)
    expect(await done).toEqual(CHECKPOINT)
    expect(log).toEqual(['let go', 'last word to a'])
  })

  test('is done 5 s after its last tab has gone: others may still ask the way', async () => {
    const { host, handover, attach, log } = setUp()
    const { session, frames } = attach('a')
    const acknowledge = acknowledging(session, frames)
    await handover.to(newer)
    await host.advance(60_000)
    expect(log).not.toContain('drained')
    acknowledge()
    await host.advance(5_000)
    expect(log).not.toContain('drained')
    await host.advance(100)
    expect(log.slice(-2)).toEqual(['dismiss a', 'drained'])
  })
})

describe('a tab of a broker that goes', () => {
  test('is told where its place is now as soon as it has handled everything', async () => {
    const { host, handover, attach, log } = setUp()
    const { session, frames, farewells } = attach('a')
    const acknowledge = acknowledging(session, frames)
    await handover.to(newer)
    await host.advance(100)
    expect(farewells).toEqual([])
    acknowledge()
    await host.advance(20)
    expect(farewells).toEqual([moved])
    expect(session.isClosed).toBe(true)
    expect(log).toEqual(['let go', 'last word to a', 'dismiss a'])
  })

  test('is waited for, however slow it is, and nobody else waits for it', async () => {
    const { host, handover, attach } = setUp()
    const slow = attach('slow')
    const quick = attach('quick')
    const acknowledgeQuick = acknowledging(quick.session, quick.frames)
    const acknowledgeSlow = acknowledging(slow.session, slow.frames)
    expect(await handover.to(newer)).toEqual(CHECKPOINT)
    acknowledgeQuick()
    await host.advance(20)
    expect(quick.farewells).toEqual([moved])
    await host.advance(60_000)
    expect(slow.farewells).toEqual([])
    acknowledgeSlow()
    await host.advance(20)
    expect(slow.farewells).toEqual([moved])
  })

  test('in the back/forward cache is told nothing, and kept until it comes back for what it missed', async () => {
    const { host, sessions, handover, attach } = setUp()
    const { session, frames, farewells } = attach('cached')
    session.suspend(host.now())
    const before = frames.length
    await handover.to(newer)
    await host.advance(300_000)
    expect(sessions.size).toBe(1)
    expect(frames).toHaveLength(before)
    const back = attach('cached', { attempt: 2, session: { id: session.id, seq: 0 } })
    expect(back.session).toBe(session)
    const acknowledge = acknowledging(session, back.frames)
    expect(back.frames).toHaveLength(1)
    acknowledge()
    await host.advance(1_000)
    expect(back.farewells).toEqual([moved])
    expect(farewells).toEqual([])
    expect(sessions.size).toBe(0)
  })

  test('in the cache is kept also when nothing waits for it: it hears from here where to go', async () => {
    const { host, sessions, handover, attach } = setUp({ hasNews: false })
    const { session, farewells } = attach('cached')
    session.suspend(host.now())
    await handover.to(newer)
    await host.advance(60_000)
    expect(sessions.size).toBe(1)
    expect(farewells).toEqual([])
  })

  test('that goes meanwhile ends the wait for it', async () => {
    const { host, sessions, handover, attach } = setUp()
    const { session } = attach('a')
    await handover.to(newer)
    sessions.detach(session)
    await host.advance(6_000)
    expect(host.timers()).toEqual([])
  })
})

describe('whoever comes to a broker that goes', () => {
  test('is told where its place is now, unless it has something to fetch here', async () => {
    const { host, handover, attach } = setUp()
    const { session } = attach('cached')
    expect(handover.farewell()).toBeUndefined()
    expect(handover.farewell(hello('stranger'))).toBeUndefined()
    session.suspend(host.now())
    await handover.to(newer)
    expect(handover.farewell(hello('stranger'))).toEqual(moved)
    expect(handover.farewell(hello('stranger', { session: { id: 'another', seq: 0 } }))).toEqual(moved)
    expect(handover.farewell(hello('cached', { session: { id: session.id, seq: 0 } }))).toBeUndefined()
  })

  test('is told so before it says who it is only where nobody has anything to fetch any more', async () => {
    const { sessions, host, handover, attach } = setUp()
    const { session } = attach('cached')
    session.suspend(host.now())
    await handover.to(newer)
    expect(handover.farewell()).toBeUndefined()
    sessions.detach(session)
    expect(handover.farewell()).toEqual(moved)
  })

  test('is told so while it still waits for acknowledgements, too', () => {
    const { handover, setPending } = setUp()
    setPending(1)
    void handover.to(newer)
    expect(handover.farewell(hello('stranger'))).toEqual(moved)
  })
})

import { describe, expect, test } from 'vitest'
import { deferred } from '../../src/lib/index.ts'
import type { Hello, Lease } from '../../src/protocol/index.ts'
import { createTraffic } from '../../src/worker/observe/traffic.ts'
import { FrameSender } from '../../src/worker/sessions/frame-sender.ts'
import { RunTexts } from '../../src/worker/sessions/run-texts.ts'
import { judge, Liveness } from '../../src/worker/sessions/liveness.ts'
import { Session } from '../../src/worker/sessions/session.ts'
import { fakeClockHost, reactions } from '../support/line/fake-clock-host.ts'

const POLL_MS = 1_000
const LEASE_MS = 10_000
const SUSPENDED_MS = 60_000
const lock: Lease = { kind: 'lock', name: 'tab-1' }
const silence: Lease = { kind: 'silence' }
const leaving: Lease = { kind: 'leaving' }

const hello = (lease: Lease): Hello => ({
  protocol: { major: 1, minor: 0 },
  scope: 'ann',
  tabId: 'tab-1',
  attempt: 1,
  lease,
  visible: true,
  focused: false,
  online: true,
  hasCredentials: false,
  wanted: [],
})

describe('a tab', () => {
  const there = new Set(['tab-1'])
  const gone = new Set<string>()
  const terms = { leaseMs: LEASE_MS, suspendedMs: SUSPENDED_MS }
  const ASKED_AT = 5_000

  test.each<[string, Lease, ReadonlySet<string> | undefined, number, number | undefined, ReturnType<typeof judge>]>([
    ['with its lock held is alive, however silent', lock, there, 1_000_000, ASKED_AT, 'alive'],
    ['without its lock is looked at once more, as one that may be on its way', lock, gone, 101, undefined, 'doubted'],
    ['without its lock at the second look is dead', lock, gone, 101, ASKED_AT, 'dead'],
    ['that attached while the locks were asked for is not judged by them', lock, gone, 100, undefined, 'alive'],
    ['with a lock where the broker sees none is judged by its silence', lock, undefined, 100_000, ASKED_AT, 'dead'],
    ['that is about to go has a moment to say what becomes of it', leaving, gone, 2_100, undefined, 'alive'],
    ['that was about to go and said nothing since is dead', leaving, gone, 2_101, undefined, 'dead'],
    ['that was heard of a moment ago is alive', silence, gone, 3_433, undefined, 'alive'],
    ['that was not heard of for a third of leaseMs is to be asked', silence, there, 3_434, undefined, 'doubted'],
    ['that was never asked is not dead, however silent', silence, there, 1_000_000, undefined, 'doubted'],
    ['that was asked has two thirds of leaseMs to answer', silence, there, 11_666, ASKED_AT, 'doubted'],
    ['that has not answered by then is dead', silence, there, 11_667, ASKED_AT, 'dead'],
    ['that answered is alive', silence, there, 3_000, 2_000, 'alive'],
  ])('%s', (_, lease, held, now, doubtedSince, judgement) => {
    const session = { lease, leaseAt: 100, heardAt: 100, visible: true, suspendedAt: undefined }
    expect(judge(session, { now, held, ...terms, doubtedSince })).toBe(judgement)
  })

  test('that fell silent again after its answer has the time anew', () => {
    const session = { lease: silence, leaseAt: 0, heardAt: 9_000, visible: true, suspendedAt: undefined }
    const findings = { held: gone, ...terms, doubtedSince: ASKED_AT }
    expect(judge(session, { ...findings, now: 15_000 })).toBe('doubted')
    expect(judge(session, { ...findings, now: 15_667 })).toBe('dead')
  })
})

describe('a hidden tab', () => {
  const hidden = { lease: silence, leaseAt: 0, heardAt: 0, visible: false, suspendedAt: undefined }
  const terms = { held: undefined, leaseMs: LEASE_MS, suspendedMs: SUSPENDED_MS }

  test.each<[string, number, number | undefined, ReturnType<typeof judge>]>([
    ['is not to be asked before ten times as long as a visible one', 33_333, undefined, 'alive'],
    ['is to be asked after that', 33_334, undefined, 'doubted'],
    ['has ten times as long to answer', 100_000, 33_334, 'doubted'],
    ['that has not answered by then is dead', 100_001, 33_334, 'dead'],
  ])('%s', (_, now, doubtedSince, judgement) => {
    expect(judge(hidden, { ...terms, now, doubtedSince })).toBe(judgement)
  })
})

describe('a page in the back/forward cache', () => {
  const cached = { lease: silence, leaseAt: 0, heardAt: 0, visible: false, suspendedAt: 1_000 }
  const terms = { held: new Set<string>(), leaseMs: LEASE_MS, suspendedMs: SUSPENDED_MS }

  test.each<[string, number, number | undefined, ReturnType<typeof judge>]>([
    ['is waited for, whatever it owes', 50_000, 2_000, 'doubted'],
    ['is waited for as long as suspendedMs', 61_000, 1_000, 'doubted'],
    ['is given up after that', 61_001, 1_000, 'dead'],
    ['is not given up before it was looked for as long', 1_000_000, 999_000, 'doubted'],
  ])('%s', (_, now, doubtedSince, judgement) => {
    expect(judge(cached, { ...terms, now, doubtedSince })).toBe(judgement)
  })

  test('is judged by its lock where it holds one', () => {
    const holding = { ...cached, lease: lock }
    expect(judge(holding, { ...terms, held: new Set(['tab-1']), now: 1_000_000, doubtedSince: 0 })).toBe('alive')
    expect(judge(holding, { ...terms, now: 2_000, doubtedSince: 1_000 })).toBe('dead')
  })
})

describe('the poll', () => {
  function setUp(host = fakeClockHost(), leaseMs = LEASE_MS) {
    const sessions = new Set<Session>()
    const dead: Session[] = []
    const probed: Session[] = []
    const liveness = new Liveness({
      host,
      pollMs: POLL_MS,
      leaseMs,
      suspendedMs: SUSPENDED_MS,
      sessions: () => sessions,
      probe: session => probed.push(session),
      dead(session) {
        dead.push(session)
        sessions.delete(session)
      },
    })
    return {
      host,
      liveness,
      dead,
      probed,
      attach(lease: Lease) {
        const limits = { maxFrameItems: 1, maxFrameBytes: 1, maxQueuedItems: 1, maxQueuedBytes: 1 }
        const sender = new FrameSender({
          runTexts: new RunTexts(),
          limits,
          traffic: createTraffic(),
          post() {},
          reportError() {},
          overwhelmed() {},
        })
        const { port1: data } = new MessageChannel()
        data.close()
        const session = new Session({ id: 's', hello: hello(lease), sender, data, now: host.now() })
        sessions.add(session)
        return session
      },
    }
  }

  test('finds a tab whose lock went, and goes on for the others', async () => {
    const { host, liveness, dead, probed, attach } = setUp()
    host.locks.add('tab-1')
    const session = attach(lock)
    liveness.start()
    await host.advance(3 * POLL_MS)
    expect(dead).toEqual([])
    host.locks.delete('tab-1')
    await host.advance(POLL_MS)
    await reactions()
    expect(dead).toEqual([])
    await host.advance(POLL_MS)
    await reactions()
    expect(dead).toEqual([session])
    // A message would keep a page that is on its way there out of the back/forward cache.
    expect(probed).toEqual([])
    expect(host.timers()).toHaveLength(1)
  })

  test('asks a tab without a lock for a sign of life before it is taken for dead', async () => {
    const { host, liveness, dead, probed, attach } = setUp()
    const session = attach(silence)
    liveness.start()
    await host.advance(3_000)
    await reactions()
    expect(probed).toEqual([])
    await host.advance(2_000)
    await reactions()
    expect(probed).toContain(session)
    expect(dead).toEqual([])
  })

  test('asks only a tab to which nothing is on its way', async () => {
    const { host, liveness, probed, attach } = setUp()
    const busy = attach(silence)
    busy.send({ type: 'status', status: 'open' })
    liveness.start()
    await host.advance(5_000)
    await reactions()
    expect(probed).toEqual([])
  })

  test('asks nothing of a tab with a lock', async () => {
    const { host, liveness, probed, attach } = setUp()
    host.locks.add('tab-1')
    attach(lock)
    liveness.start()
    await host.advance(3 * LEASE_MS)
    expect(probed).toEqual([])
  })

  test('finds a tab that fell silent', async () => {
    const { host, liveness, dead, attach } = setUp()
    const session = attach(silence)
    liveness.start()
    await host.advance(6_000)
    session.heardAt = host.now()
    await host.advance(LEASE_MS)
    expect(dead).toEqual([])
    await host.advance(2 * POLL_MS)
    expect(dead).toEqual([session])
  })

  test('finds one also where the lease is shorter than a few polls', async () => {
    const { host, liveness, dead, attach } = setUp(fakeClockHost(), 2 * POLL_MS)
    const session = attach(silence)
    liveness.start()
    await host.advance(5 * POLL_MS)
    await reactions()
    expect(dead).toEqual([session])
  })

  test.each([
    ['that nobody had asked yet', 0],
    ['that was asked just before', 5_000],
  ])('takes nobody for dead because the clock jumped: not a tab %s', async (_, before) => {
    const { host, liveness, dead, probed, attach } = setUp()
    const session = attach(silence)
    liveness.start()
    await host.advance(before)
    await reactions()
    const asked = probed.length
    host.jump(100 * LEASE_MS)
    await host.advance(POLL_MS)
    await reactions()
    expect(probed.length).toBeGreaterThan(asked)
    await host.advance(LEASE_MS / 2)
    expect(dead).toEqual([])
    session.heardAt = host.now()
    await host.advance(LEASE_MS)
    expect(dead).toEqual([])
  })

  test('takes a tab for dead that stays silent after the jump as well', async () => {
    const { host, liveness, dead, attach } = setUp()
    const session = attach(silence)
    liveness.start()
    host.jump(100 * LEASE_MS)
    await host.advance(LEASE_MS)
    await reactions()
    expect(dead).toEqual([session])
  })

  test('asks nothing of a page in the back/forward cache: a message would throw it out', async () => {
    const { host, liveness, dead, probed, attach } = setUp()
    const session = attach(silence)
    session.suspend(host.now())
    liveness.start()
    await host.advance(SUSPENDED_MS)
    await reactions()
    expect([probed, dead]).toEqual([[], []])
    await host.advance(3 * POLL_MS)
    await reactions()
    expect([probed, dead]).toEqual([[], [session]])
  })

  test.each([
    ['a page in the back/forward cache', (session: Session, now: number) => session.suspend(now)],
    [
      'a hidden tab',
      (session: Session) => {
        session.visible = false
      },
    ],
    ['a visible tab', () => {}],
  ])('after a jump of the clock gives %s all its time anew', async (_, become) => {
    const { host, liveness, dead, attach } = setUp()
    become(attach(silence), host.now())
    liveness.start()
    await host.advance(5_000)
    for (let jumps = 0; jumps < 3; jumps++) {
      host.jump(24 * 60 * 60 * 1_000)
      await host.advance(LEASE_MS / 2)
      await reactions()
    }
    expect(dead).toEqual([])
  })

  test('gives a hidden tab ten times as long', async () => {
    const { host, liveness, dead, attach } = setUp()
    const session = attach(silence)
    session.visible = false
    liveness.start()
    await host.advance(9 * LEASE_MS)
    expect(dead).toEqual([])
    await host.advance(2 * LEASE_MS)
    expect(dead).toEqual([session])
  })

  test('ends with stop, also in the middle of a poll', async () => {
    const { host, liveness } = setUp()
    liveness.start()
    await host.advance(POLL_MS)
    liveness.stop()
    await host.advance(10 * POLL_MS)
    expect(host.timers()).toEqual([])
  })

  test('is one poll at a time, however often it is stopped and started, also while the locks are asked for', async () => {
    const host = fakeClockHost()
    const held = deferred<Set<string>>()
    const { liveness } = setUp({ ...host, heldLocks: () => held.promise })
    liveness.start()
    liveness.start()
    await host.advance(POLL_MS)
    liveness.stop()
    liveness.start()
    held.resolve(new Set())
    await reactions()
    expect(host.timers()).toHaveLength(1)
  })

  test('goes on when the locks could not be asked for, and reports why', async () => {
    const host = fakeClockHost()
    const refused = new Error('no locks today')
    let polls = 0
    const { liveness } = setUp({
      ...host,
      heldLocks() {
        polls++
        return Promise.reject(refused)
      },
    })
    liveness.start()
    await host.advance(2 * POLL_MS)
    await reactions()
    expect(polls).toBe(2)
    expect(host.errors).toEqual([refused, refused])
  })
})

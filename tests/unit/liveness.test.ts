import { describe, expect, test } from 'vitest'
import { deferred } from '../../src/lib/index.ts'
import type { Hello, Lease } from '../../src/protocol/index.ts'
import { createTraffic } from '../../src/worker/observe/traffic.ts'
import { FrameSender } from '../../src/worker/sessions/frame-sender.ts'
import { RunTexts } from '../../src/worker/sessions/run-texts.ts'
import { isDead, Liveness, needsProbe } from '../../src/worker/sessions/liveness.ts'
import { Session } from '../../src/worker/sessions/session.ts'
import { fakeClockHost, reactions } from '../support/line/fake-clock-host.ts'

const POLL_MS = 1_000
const LEASE_MS = 10_000
const lock: Lease = { kind: 'lock', name: 'tab-1' }
const silence: Lease = { kind: 'silence' }

const hello = (lease: Lease): Hello => ({
  protocol: { major: 1, minor: 0 },
  scope: 'ann',
  tabId: 'tab-1',
  lease,
  visible: true,
  online: true,
  hasCredentials: false,
  wanted: [],
})

describe('a tab', () => {
  const there = new Set(['tab-1'])
  const gone = new Set<string>()

  test.each<[string, Lease, ReadonlySet<string> | undefined, number, boolean]>([
    ['with its lock held is alive, however silent', lock, there, 1_000_000, false],
    ['without its lock is dead', lock, gone, 101, true],
    ['that attached while the locks were asked for is not judged by them', lock, gone, 100, false],
    ['with a lock where the broker sees none is judged by its silence', lock, undefined, 10_101, true],
    ['with a lock where the broker sees none is alive within leaseMs', lock, undefined, 10_100, false],
    ['that speaks for its lease is alive within leaseMs', silence, gone, 10_100, false],
    ['that speaks for its lease is dead after leaseMs', silence, there, 10_101, true],
  ])('%s', (_, lease, held, now, dead) => {
    const session = { hello: hello(lease), attachedAt: 100, heardAt: 100 }
    expect(isDead(session, { now, held, leaseMs: LEASE_MS })).toBe(dead)
  })
})

describe('a sign of life', () => {
  const traffic = createTraffic()
  const limits = { maxFrameItems: 1, maxFrameBytes: 1, maxQueuedItems: 1, maxQueuedBytes: 1 }
  const quiet = new FrameSender({ runTexts: new RunTexts(), limits, traffic, post() {}, reportError() {} })
  const busy = new FrameSender({ runTexts: new RunTexts(), limits, traffic, post() {}, reportError() {} })
  busy.send({ item: { type: 'status', status: 'open' }, bytes: 1 })

  test.each<[string, Lease, ReadonlySet<string> | undefined, FrameSender, number, boolean]>([
    ['is asked of a silent tab without a lock', silence, new Set(), quiet, LEASE_MS / 2, true],
    ['is not asked of a tab that was just heard of', silence, new Set(), quiet, LEASE_MS / 4, false],
    ['is not asked of a tab that owes one already', silence, new Set(), busy, LEASE_MS / 2, false],
    ['is not asked of a tab with a lock', lock, new Set(['tab-1']), quiet, LEASE_MS / 2, false],
    ['is asked of a tab whose lock the broker cannot see', lock, undefined, quiet, LEASE_MS / 2, true],
  ])('%s', (_, lease, held, sender, now, asked) => {
    expect(needsProbe({ hello: hello(lease), heardAt: 0, sender }, { now, held, leaseMs: LEASE_MS })).toBe(asked)
  })
})

describe('the poll', () => {
  function setUp(host = fakeClockHost()) {
    const sessions = new Set<Session>()
    const dead: Session[] = []
    const probed: Session[] = []
    const liveness = new Liveness({
      host,
      pollMs: POLL_MS,
      leaseMs: LEASE_MS,
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
    const { host, liveness, dead, attach } = setUp()
    host.locks.add('tab-1')
    const session = attach(lock)
    liveness.start()
    await host.advance(3 * POLL_MS)
    expect(dead).toEqual([])
    host.locks.delete('tab-1')
    await host.advance(POLL_MS)
    await reactions()
    expect(dead).toEqual([session])
    expect(host.timers()).toHaveLength(1)
  })

  test('asks a tab without a lock for a sign of life before it is taken for dead', async () => {
    const { host, liveness, dead, probed, attach } = setUp()
    const session = attach(silence)
    liveness.start()
    await host.advance(5_000)
    await reactions()
    expect(probed).toContain(session)
    expect(dead).toEqual([])
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

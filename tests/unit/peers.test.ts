import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { deferred } from '../../src/lib/index.ts'
import type { Checkpoint } from '../../src/protocol/index.ts'
import type { PeerChannel } from '../../src/worker/host.ts'
import type { Identity } from '../../src/worker/peers/identity.ts'
import { Peers } from '../../src/worker/peers/peers.ts'
import { fakeClockHost, reactions } from '../support/line/fake-clock-host.ts'

const SCOPE = 'ann'

/** A channel whose messages are under way until the test delivers them, in any order that a browser could choose. */
function slowChannel() {
  type Heard = (message: unknown) => void
  const members = new Set<Heard>()
  /** From one to another they keep their order. */
  const underWay = new Map<string, { readonly to: Heard; readonly messages: unknown[] }>()
  const names = new Map<Heard, number>()
  return {
    open(_scope: string, heard: Heard): PeerChannel {
      members.add(heard)
      names.set(heard, names.size)
      return {
        post(message) {
          for (const to of members) {
            if (to === heard) continue
            const key = `${names.get(heard)}→${names.get(to)}`
            const way = underWay.get(key) ?? { to, messages: [] }
            way.messages.push(structuredClone(message))
            underWay.set(key, way)
          }
        },
        close: () => members.delete(heard),
      }
    },
    /** Delivers one of the messages; false when there is none. */
    deliver(choice: number): boolean {
      const ways = [...underWay.values()].filter(({ messages }) => messages.length > 0)
      const way = ways[choice % ways.length]
      if (way === undefined) return false
      const message = way.messages.shift()
      if (members.has(way.to)) way.to(message)
      return true
    },
  }
}

type SlowChannel = ReturnType<typeof slowChannel>

interface Member {
  readonly peers: Peers
  readonly identity: Identity
  readonly yieldedTo: string[]
  readonly heard: unknown[]
  readonly host: ReturnType<typeof fakeClockHost>
  /** Its connection is gone. */
  letGo(checkpoint?: Checkpoint): void
}

function start(channel: SlowChannel, epoch: string, more: Partial<Identity> = {}): Member {
  const host = fakeClockHost({ peers: { host: 'shared', open: channel.open } })
  const identity: Identity = {
    ...host.script,
    protocol: { major: 1, minor: 0 },
    generation: 1,
    epoch,
    host: 'shared',
    build: 0,
    startedAt: 0,
    ...more,
  }
  const yieldedTo: string[] = []
  const heard: Member['heard'] = []
  const gone = deferred<Checkpoint | undefined>()
  const peers = new Peers(
    {
      host,
      identity,
      yieldTo(newer) {
        yieldedTo.push(newer.epoch)
        return gone.promise
      },
      forget: () => heard.push('forget'),
      rulesChanged: () => heard.push('rules'),
      nudged() {},
      yielding: from => heard.push(`${from} yields`),
      yielded: (from, checkpoint) => heard.push([from, checkpoint]),
    },
    SCOPE,
  )
  return { peers, identity, yieldedTo, heard, host, letGo: checkpoint => gone.resolve(checkpoint) }
}

function deliverAll(channel: SlowChannel): void {
  while (channel.deliver(0));
}

describe('of two brokers', () => {
  test('the newer stays, and hears when the older lets go and from where to carry on', async () => {
    const channel = slowChannel()
    const older = start(channel, 'older')
    const newer = start(channel, 'newer', { startedAt: 1 })
    deliverAll(channel)
    expect(older.yieldedTo).toEqual(['newer'])
    expect(newer.heard).toEqual(['older yields'])
    older.letGo({ '/': { session: 's', position: '5' } })
    await reactions()
    deliverAll(channel)
    expect(newer.heard).toEqual(['older yields', ['older', { '/': { session: 's', position: '5' } }]])
    expect(newer.yieldedTo).toEqual([])
    expect(older.heard).toEqual([])
  })

  test('the newer stays also when it was there first', () => {
    const channel = slowChannel()
    const newer = start(channel, 'newer', { build: 2 })
    const older = start(channel, 'older', { build: 1, startedAt: 5 })
    deliverAll(channel)
    expect(older.yieldedTo).toEqual(['newer'])
    expect(newer.yieldedTo).toEqual([])
  })

  test('the older goes also when it missed the start of the newer, as soon as it says that it is there', () => {
    const channel = slowChannel()
    const newer = start(channel, 'newer', { build: 2 })
    const older = start(channel, 'older', { build: 1 })
    older.peers.announce()
    deliverAll(channel)
    expect(older.yieldedTo).toEqual(['newer'])
    expect(newer.yieldedTo).toEqual([])
  })

  test('nobody yields to one that has closed before it was heard', () => {
    const channel = slowChannel()
    const newer = start(channel, 'newer', { build: 2 })
    newer.peers.close()
    newer.peers.close()
    const older = start(channel, 'older', { build: 1 })
    deliverAll(channel)
    expect(older.yieldedTo).toEqual([])
  })
})

test.each<[string, 'shared' | 'elected', number]>([
  ['of the same kind of host', 'shared', 1],
  ['of another kind, where its tabs may not be able to go,', 'elected', 0],
])('a newer broker %s takes over or does not', (_, host, yields) => {
  const channel = slowChannel()
  const older = start(channel, 'older')
  const newer = start(channel, 'newer', { startedAt: 1, host })
  deliverAll(channel)
  expect(older.yieldedTo).toHaveLength(yields)
  expect(newer.yieldedTo).toEqual([])
})

test('that the line ends is told to all others', () => {
  const channel = slowChannel()
  const members = ['a', 'b', 'c'].map(epoch => start(channel, epoch))
  deliverAll(channel)
  for (const { heard } of members) heard.length = 0
  members[1]?.peers.forget()
  deliverAll(channel)
  expect(members.map(({ heard }) => heard)).toEqual([['forget'], [], ['forget']])
})

test('where no others can be heard a broker is alone, and says so', () => {
  const host = fakeClockHost()
  const identity: Identity = {
    ...host.script,
    protocol: { major: 1, minor: 0 },
    generation: 1,
    epoch: 'e',
    host: 'shared',
    build: 0,
    startedAt: 0,
  }
  const peers = new Peers(
    {
      host,
      identity,
      yieldTo: () => Promise.resolve(undefined),
      forget() {},
      rulesChanged() {},
      nudged() {},
      yielding() {},
      yielded() {},
    },
    SCOPE,
  )
  expect(peers.canMeet).toBe(false)
  peers.announce()
  peers.close()
  expect(start(slowChannel(), 'e').peers.canMeet).toBe(true)
})

test.each<[string, unknown]>([
  ['nothing', undefined],
  ['a text', 'here'],
  ['a message of a kind that is not known yet', { type: 'hello' }],
  ['a message for another broker', { type: 'yielded', to: 'another', from: 'older' }],
  ['a message from nobody', { type: 'yielding', to: 'own' }],
])('%s on the channel is ignored', (_, message) => {
  const channel = slowChannel()
  const { host, heard, yieldedTo } = start(channel, 'own')
  channel.open(SCOPE, () => {}).post(message)
  deliverAll(channel)
  expect([host.errors, heard, yieldedTo]).toEqual([[], [], []])
})

test.each<[string, unknown]>([
  ['an identity that is none', { type: 'here', identity: { epoch: 5 } }],
  ['a checkpoint that is none', { type: 'yielded', to: 'own', from: 'older', checkpoint: 'x' }],
])('%s is reported, and nothing follows', (_, message) => {
  const channel = slowChannel()
  const { host, heard, yieldedTo } = start(channel, 'own')
  channel.open(SCOPE, () => {}).post(message)
  deliverAll(channel)
  expect([heard, yieldedTo]).toEqual([[], []])
  expect(host.errors).toMatchObject([{ code: 'bad-message' }])
})

test('of any number of brokers the newest stays and all others yield once, in whatever order they start and hear', () => {
  const few = fc.integer({ min: 0, max: 2 })
  const kin = fc.array(fc.record({ generation: few, build: few, startedAt: few }), { minLength: 2, maxLength: 3 })
  fc.assert(
    fc.property(kin, fc.array(fc.nat(), { maxLength: 40 }), (kinds, choices) => {
      const channel = slowChannel()
      const waiting = kinds.map((kind, index) => () => start(channel, `e-${index}`, kind))
      const started: Member[] = []
      for (const choice of choices) {
        // A start is one of the things that can happen next.
        if (choice % 4 === 0 || !channel.deliver(choice)) started.push(...waiting.splice(0, 1).map(begin => begin()))
      }
      started.push(...waiting.map(begin => begin()))
      deliverAll(channel)
      const staying = started.filter(({ yieldedTo }) => yieldedTo.length === 0)
      expect(staying).toHaveLength(1)
      const best = started
        .map(({ identity }) => identity)
        .toSorted(byKind)
        .at(-1)
      expect(staying[0]?.identity).toEqual(best)
      for (const { yieldedTo } of started) expect(yieldedTo.length).toBeLessThanOrEqual(1)
    }),
    { numRuns: 500 },
  )
})

function byKind(a: Identity, b: Identity): number {
  return (
    a.generation - b.generation ||
    a.build - b.build ||
    a.startedAt - b.startedAt ||
    (a.epoch < b.epoch ? -1 : Number(a.epoch > b.epoch))
  )
}

test('what goes wrong when the connection is let go is nobody’s unhandled rejection', async () => {
  const unhandled: unknown[] = []
  const note = (error: unknown): unknown => unhandled.push(error)
  process.on('unhandledRejection', note)
  onTestFinished(() => void process.off('unhandledRejection', note))
  const channel = slowChannel()
  const host = fakeClockHost({ peers: { host: 'shared', open: channel.open } })
  const identity: Identity = {
    ...host.script,
    protocol: { major: 1, minor: 0 },
    generation: 1,
    epoch: 'e',
    host: 'shared',
    build: 0,
    startedAt: 0,
  }
  const peers = new Peers(
    {
      host,
      identity,
      yieldTo: () => Promise.reject(new Error('stuck')),
      forget() {},
      rulesChanged() {},
      nudged() {},
      yielding() {},
      yielded() {},
    },
    SCOPE,
  )
  start(channel, 'newer', { build: 1 })
  deliverAll(channel)
  await reactions()
  expect(unhandled).toEqual([])
  peers.close()
})

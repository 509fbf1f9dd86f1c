import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { keepAttached } from '../../src/client/attachment-keeper.ts'
import { chooseHost } from '../../src/client/hosts/host-choice.ts'
import { portLink } from '../../src/client/hosts/host.ts'
import { tabLease } from '../../src/client/lease.ts'
import {
  PartylineError,
  PROTOCOL_VERSION,
  tabsChannel,
  toLeaseName,
  toWireError,
  type BrokerAddress,
} from '../../src/protocol/index.ts'
import { reactions } from '../support/line/fake-clock-host.ts'

const SCOPE = 'ann'
const TIMEOUT_MS = 10_000
const TICK_MS = 700
const LATE_MS = 300

const ends: (() => void)[] = []
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] }))
afterEach(() => {
  for (const end of ends.splice(0)) end()
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** A tab's keeper, in a browser whose timers stand still until the test moves them, and all that it asks of its host. */
function setUp({ query = async () => ({ held: [] }) }: { query?: () => Promise<LockManagerSnapshot> } = {}) {
  const request = (_name: string, use: () => Promise<void>): Promise<void> => use()
  vi.stubGlobal('navigator', { locks: { query, request } })
  const opened: (BrokerAddress & { readonly broker: MessagePort })[] = []
  const detached: string[] = []
  /** Generations of brokers that answer nothing. */
  const dead = new Set<number>()
  const pings: number[] = []
  const hellos: unknown[] = []
  const left: unknown[] = []
  const host = {
    name: 'shared' as const,
    async open(address: BrokerAddress) {
      const { port1, port2: broker } = new MessageChannel()
      ends.push(() => broker.close())
      broker.addEventListener('message', ({ data: { id, path, argumentList } }: MessageEvent<Call>) => {
        if (path[0] === 'attach') hellos.push(argumentList?.[0]?.value)
        if (path[0] === 'ping') pings.push(address.generation)
        if (!dead.has(address.generation)) broker.postMessage({ id, type: 'RAW', value: { ok: true, value: WELCOME } })
      })
      broker.start()
      opened.push({ ...address, broker })
      return portLink(port1, new Promise<never>(() => undefined))
    },
    leave: (_why: unknown, word: unknown) => void left.push(word),
  }
  const hosts = chooseHost([
    { name: 'shared', isThere: true, load: () => host },
    { name: 'elected', isThere: true, load: () => host },
  ])
  const hostChanges: string[] = []
  const keeper = keepAttached({
    hosts,
    scope: SCOPE,
    timeoutMs: TIMEOUT_MS,
    lease: tabLease('tab'),
    hello: () => ({ tabId: 'tab', visible: false, focused: false, online: true, hasCredentials: false, wanted: [] }),
    attached() {},
    hostChanged: () => void hostChanges.push(hosts.name),
    items() {},
    detached: error => detached.push(error.code),
    failed() {},
  })
  ends.push(() => keeper.leave('bye', new PartylineError('line-closed', 'closed by the test')))
  return {
    keeper,
    opened,
    detached,
    dead,
    pings,
    hellos,
    left,
    /** The broker that was opened last says why it lets the tab go. */
    hostChanges,
    letGo(code: 'stale-epoch' | 'call-timeout' | 'worker-failed') {
      const error = toWireError(new PartylineError(code, 'by the test', { retryable: true }))
      opened.at(-1)?.broker.postMessage({ type: 'partyline:announce', protocol: PROTOCOL_VERSION, epoch: 'e', error })
    },
  }
}

interface Call {
  readonly id: string
  readonly path: string[]
  readonly argumentList?: readonly { readonly value: unknown }[]
}

/** Also the answer to a ping, whose value nobody reads. */
const WELCOME = { epoch: 'e' }

/** Where the other tabs of the scope are. */
function otherTabs() {
  const channel = new BroadcastChannel(tabsChannel(SCOPE))
  ends.push(() => channel.close())
  const heard: unknown[] = []
  channel.addEventListener('message', event => heard.push(event.data))
  return { heard, call: () => channel.postMessage('wake-up'), say: (word: object) => channel.postMessage(word) }
}

/** Moves no timer. */
async function until(look: () => boolean): Promise<void> {
  while (!look()) await reactions()
}

test('a tab that has lost its broker attaches to the next one though the browser holds its timers back', async () => {
  const { keeper, opened, detached, letGo } = setUp()
  void keeper.attach()
  const codes = ['stale-epoch', 'call-timeout', 'stale-epoch'] as const
  for (const [lost, code] of codes.entries()) {
    await until(() => opened.length === lost + 1)
    letGo(code)
  }
  await until(() => opened.length === 4)
  expect(detached).toEqual(codes)
  expect(opened.map(({ generation }) => generation)).toEqual([1, 1, 2, 2])
})

test('one that gets through after failures wakes the others once, which may still wait to try again', async () => {
  const { keeper, opened, dead, letGo } = setUp()
  const { heard } = otherTabs()
  dead.add(1)
  void keeper.attach()
  await until(() => opened.length === 1)
  letGo('worker-failed')
  await until(() => keeper.current === undefined)
  dead.clear()
  expect(heard).toEqual([])
  await vi.advanceTimersByTimeAsync(200)
  await until(() => keeper.current?.wasWelcome === true)
  await until(() => heard.length > 0)
  // A ping more is answered, and nobody is woken by that.
  await vi.advanceTimersByTimeAsync(2 * TICK_MS)
  expect(heard).toEqual(['wake-up'])
})

test('on the next host, and there alone, it is told that the broker before was on another', async () => {
  const { keeper, opened, dead, hostChanges, letGo } = setUp()
  dead.add(1)
  void keeper.attach()
  for (let failed = 1; failed <= 3; failed++) {
    await until(() => opened.length === failed)
    letGo('worker-failed')
    await until(() => keeper.current === undefined)
    // A worker that has failed gets the time to be torn down.
    expect(opened).toHaveLength(failed)
    await vi.advanceTimersByTimeAsync(200)
  }
  await until(() => opened.length === 4)
  expect(hostChanges).toEqual(['shared', 'elected'])
})

test('one that loses them again and again waits before it tries the next', async () => {
  const { keeper, opened, detached, letGo } = setUp()
  void keeper.attach()
  for (let lost = 1; lost <= 4; lost++) {
    await until(() => opened.length === lost)
    letGo('stale-epoch')
    await until(() => detached.length === lost)
  }
  expect(vi.getTimerCount()).toBe(1)
  await vi.advanceTimersByTimeAsync(500)
  await until(() => opened.length === 5)
})

test('an attempt ends in time though the browser does not say which locks are held', async () => {
  const answers = [new Promise<never>(() => undefined), Promise.resolve({ held: [] })]
  const { keeper, opened, detached } = setUp({ query: () => answers.shift() ?? Promise.resolve({ held: [] }) })
  void keeper.attach()
  await vi.advanceTimersByTimeAsync(TIMEOUT_MS)
  await until(() => opened.length === 1)
  expect(detached).toEqual(['call-timeout'])
})

describe('a tab that is woken by another', () => {
  /** One that is attached, though no timer of it runs, while another tab has gone on to the second generation. */
  async function attachedTab() {
    const held = [{ name: toLeaseName({ scope: SCOPE, generation: 2 }, 'other') }]
    const locks = { held: [] as typeof held }
    const tab = setUp({ query: async () => locks })
    const { call } = otherTabs()
    void tab.keeper.attach()
    await until(() => tab.keeper.current?.wasWelcome === true)
    locks.held = held
    return { ...tab, call }
  }

  test('follows it when its own broker does not answer', async () => {
    const { opened, dead, pings, detached, call } = await attachedTab()
    dead.add(1)
    call()
    await until(() => pings.length === 1)
    const now = performance.now()
    vi.spyOn(performance, 'now').mockImplementation(() => now + LATE_MS)
    call()
    await until(() => opened.length === 2)
    expect(opened.map(({ generation }) => generation)).toEqual([1, 2])
    expect(detached).toEqual(['stale-epoch'])
  })

  test('stays where it is as long as its own broker answers, which sends it over when it has everything', async () => {
    const { opened, pings, call } = await attachedTab()
    vi.spyOn(performance, 'now').mockReturnValue(performance.now())
    while (pings.length < 5) {
      call()
      await reactions()
    }
    expect(opened).toHaveLength(1)
  })

  test('tries again at once where it waits for that', async () => {
    const { keeper, opened, dead, detached, letGo } = setUp()
    const { call } = otherTabs()
    dead.add(1)
    void keeper.attach()
    for (let lost = 1; lost <= 4; lost++) {
      await until(() => opened.length === lost)
      letGo('stale-epoch')
      await until(() => detached.length === lost)
    }
    call()
    await until(() => opened.length === 5)
  })

  test('does not hear it in the back/forward cache', async () => {
    const { keeper, call } = await attachedTab()
    keeper.leave('suspend', new PartylineError('stale-epoch', 'suspended', { retryable: true }))
    const looked = vi.spyOn(navigator.locks, 'query')
    const { heard } = otherTabs()
    call()
    await until(() => heard.length === 1)
    await reactions()
    expect(looked).not.toHaveBeenCalled()
  })
})

test('a tab that gives its broker up wakes the others once the next one answers, a few times and no more', async () => {
  const { keeper, opened, dead } = setUp()
  const { heard } = otherTabs()
  void keeper.attach()
  await until(() => keeper.current?.wasWelcome === true)
  for (let tick = 0; tick < 3; tick++) await passTick()
  expect(heard).toEqual([])
  dead.add(1)
  while (opened.length < 2) await passTick()
  for (let tick = 0; tick < 10; tick++) await passTick()
  expect(heard).toEqual(Array.from({ length: 3 }, () => 'wake-up'))

  async function passTick(): Promise<void> {
    await vi.advanceTimersByTimeAsync(TICK_MS)
    for (let turn = 0; turn < 5; turn++) await reactions()
  }
})

test('the last words of other tabs go to the next broker, the newest few; the own one to the host that is left', async () => {
  const { keeper, opened, hellos, left, pings, letGo } = setUp()
  const { heard } = otherTabs()
  const { say, call } = otherTabs()
  void keeper.attach()
  await until(() => hellos.length === 1)
  expect(hellos[0]).toMatchObject({ lastWords: [] })
  await until(() => keeper.current?.wasWelcome === true)
  const words = Array.from({ length: 6 }, (_, n) => ({ marks: [], wanted: [{ channel: `c${n}`, deliver: 'one' }] }))
  for (const word of words) say(word)
  expect(pings).toEqual([])
  // Behind them.
  call()
  await until(() => heard.length === 7 && pings.length === 1)
  letGo('stale-epoch')
  await until(() => opened.length === 2 && hellos.length === 2)
  expect(hellos[1]).toMatchObject({ lastWords: words.slice(1) })
  keeper.leave('bye', new PartylineError('line-closed', 'closed by the test'))
  expect(left).toEqual([expect.objectContaining({ wanted: [] })])
})

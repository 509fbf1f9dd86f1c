import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { AttachmentKeeper } from '../../src/client/attachment-keeper.ts'
import { HostChoice } from '../../src/client/hosts/host-choice.ts'
import { portLink } from '../../src/client/hosts/host.ts'
import { TabLease } from '../../src/client/lease.ts'
import { PartylineError, PROTOCOL_VERSION, toWireError, type BrokerAddress } from '../../src/protocol/index.ts'
import { reactions } from '../support/line/fake-clock-host.ts'

const TIMEOUT_MS = 10_000

const ends: (() => void)[] = []
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] }))
afterEach(() => {
  for (const end of ends.splice(0)) end()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

/** A tab's keeper, in a browser whose timers stand still until the test moves them, and all that it asks of its host. */
function setUp({ query = async () => ({ held: [] }) }: { query?: () => Promise<LockManagerSnapshot> } = {}) {
  const request = (_name: string, use: () => Promise<void>): Promise<void> => use()
  vi.stubGlobal('navigator', { locks: { query, request } })
  const opened: (BrokerAddress & { readonly broker: MessagePort })[] = []
  const detached: string[] = []
  const host = {
    name: 'shared' as const,
    async open(address: BrokerAddress) {
      const { port1, port2: broker } = new MessageChannel()
      ends.push(() => broker.close())
      opened.push({ ...address, broker })
      return portLink(port1, new Promise<never>(() => undefined))
    },
    leave() {},
  }
  const keeper = new AttachmentKeeper({
    hosts: new HostChoice([{ name: 'shared', isThere: true, load: () => host }]),
    scope: 'ann',
    timeoutMs: TIMEOUT_MS,
    lease: new TabLease('tab'),
    hello: () => ({ tabId: 'tab', visible: false, focused: false, online: true, hasCredentials: false, wanted: [] }),
    attached() {},
    items() {},
    detached: error => detached.push(error.code),
    failed() {},
  })
  ends.push(() => keeper.close(new PartylineError('line-closed', 'closed by the test')))
  return {
    keeper,
    opened,
    detached,
    /** The broker that was opened last says why it lets the tab go. */
    letGo(code: 'stale-epoch' | 'call-timeout') {
      const error = toWireError(new PartylineError(code, 'by the test', { retryable: true }))
      opened.at(-1)?.broker.postMessage({ type: 'partyline:announce', protocol: PROTOCOL_VERSION, epoch: 'e', error })
    },
  }
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

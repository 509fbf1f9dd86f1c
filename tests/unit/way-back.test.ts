import { afterEach, expect, onTestFinished, test, vi } from 'vitest'
import type { HostOption, OnHost } from '../../src/client/hosts/host-choice.ts'
import type { Host } from '../../src/client/hosts/host.ts'
import { portLink } from '../../src/client/hosts/host.ts'
import { comeBack } from '../../src/client/hosts/way-back.ts'
import { PartylineError, PROTOCOL_VERSION, tabsChannel, toWireError, type Announce } from '../../src/protocol/index.ts'
import { waitFor } from '../support/line/wait-for.ts'

afterEach(() => vi.restoreAllMocks())

type Answer = 'announces itself' | 'is silent' | 'cannot start' | 'cannot be loaded' | 'throws'

/** A tab on a lesser host, and a best host whose broker answers as it is told to. */
function setUp(random: number) {
  vi.spyOn(Math, 'random').mockReturnValue(random)
  const scope = crypto.randomUUID()
  const log: string[] = []
  const over = new AbortController()
  const set = { answer: 'cannot be loaded' as Answer }
  let opened = 0
  onTestFinished(() => over.abort())

  const best: HostOption = {
    name: 'shared',
    isThere: true,
    load: () => ({
      name: 'shared',
      async open() {
        opened++
        const { answer } = set
        if (answer === 'throws') throw new TypeError('not here')
        const error = new PartylineError('worker-failed', 'no worker')
        const { port1, port2 } = new MessageChannel()
        const announce: Announce = {
          type: 'partyline:announce',
          protocol: PROTOCOL_VERSION,
          epoch: 'e',
          ...(answer === 'cannot start' && { error: toWireError(error) }),
        }
        if (answer === 'announces itself' || answer === 'cannot start') port2.postMessage(announce)
        return portLink(port1, answer === 'cannot be loaded' ? Promise.resolve(error) : new Promise(() => {}), () => {
          port2.close()
          log.push('closed')
        })
      },
      leave: () => void log.push('left'),
    }),
  }
  const on: OnHost = {
    address: { scope, generation: 1 },
    over: over.signal,
    move() {
      log.push('moved')
      over.abort()
    },
  }
  const before = { leave: () => void log.push('lesser left') } as Host
  const start = (): Promise<void> =>
    comeBack(best, on, () => {
      log.push('turned')
      return before
    })
  return { scope, log, over, set, start, opened: () => opened }
}

test('the tab moves when the best host answers: first the choice turns, last it leaves the lesser one', async () => {
  const { set, start, log } = setUp(0)
  set.answer = 'announces itself'
  await start()
  expect(log).toEqual(['closed', 'left', 'turned', 'moved', 'lesser left'])
})

test.each<Answer>(['cannot be loaded', 'cannot start', 'throws'])(
  'it looks again and again while the broker there %s',
  async answer => {
    const { set, start, log, opened } = setUp(0)
    set.answer = answer
    const done = start()
    await waitFor(() => opened() >= 3, 'three looks')
    expect(log).not.toContain('moved')
    set.answer = 'announces itself'
    await done
    expect(log.filter(entry => entry === 'moved')).toHaveLength(1)
  },
)

test('the end of the attachment ends it, also in the middle of a look', async () => {
  const { set, start, log, over, opened } = setUp(0)
  set.answer = 'is silent'
  const done = start()
  await waitFor(() => opened() === 1, 'a look')
  over.abort()
  await done
  expect(log).toEqual(['closed', 'left'])
})

test('a tab that has found the way tells the others, which look at once', async () => {
  const { set, start, scope, opened } = setUp(0.99)
  set.answer = 'announces itself'
  const done = start()
  const other = new BroadcastChannel(tabsChannel(scope))
  onTestFinished(() => other.close())
  const told = new Promise(resolve => other.addEventListener('message', resolve))
  expect(opened()).toBe(0)
  other.postMessage('found')
  await done
  expect(opened()).toBe(1)
  await told
})

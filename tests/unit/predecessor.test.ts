import { describe, expect, test } from 'vitest'
import { toLeaseName, type Checkpoint, type Mark } from '../../src/protocol/index.ts'
import { Predecessor } from '../../src/worker/peers/predecessor.ts'
import { fakeClockHost, reactions } from '../support/line/fake-clock-host.ts'

const at = (position?: string, session = 's-1'): Checkpoint => ({ '/': { session, position } })
const mark = (n: number, checkpoint?: Checkpoint): Mark => ({ epoch: 'before', n, checkpoint })
const lease = (tab: string, scope = 'ann'): string => toLeaseName({ scope, generation: 1 }, tab)

const HANDOVER_MS = 10_000

function setUp({ canMeet = true } = {}) {
  const host = fakeClockHost()
  const attached = new Set<string>()
  const predecessor = new Predecessor({
    host,
    scope: 'ann',
    handoverMs: HANDOVER_MS,
    canMeet,
    attachedLeases: () => attached,
  })
  const answers: { readonly checkpoint: Checkpoint | undefined; readonly at: number }[] = []
  return {
    host,
    predecessor,
    answers,
    /** Asks, and notes the answer with the time at which it comes. */
    async ask() {
      void predecessor.checkpoint().then(checkpoint => answers.push({ checkpoint, at: host.now() }))
      await reactions()
    },
    async attach(tab: string, marks: readonly Mark[] = []) {
      host.locks.add(lease(tab))
      attached.add(lease(tab))
      predecessor.attached(marks)
      await reactions()
    },
    async advance(ms: number) {
      await host.advance(ms)
      await reactions()
    },
  }
}

describe('a broker that starts', () => {
  test('alone gives an older one 40 ms to answer, which may have pages in the back/forward cache', async () => {
    const { ask, attach, advance, answers } = setUp()
    await attach('first')
    await ask()
    await advance(39)
    expect(answers).toEqual([])
    await advance(1)
    expect(answers).toEqual([{ checkpoint: undefined, at: 40 }])
  })

  test('alone counts them from its start: a first tab that takes longer to come waits for nobody', async () => {
    const { ask, attach, advance, answers } = setUp()
    await advance(50)
    await attach('first')
    await ask()
    await advance(0)
    expect(answers).toEqual([{ checkpoint: undefined, at: 50 }])
  })

  test.each([
    ['of another scope', lease('other', 'bob')],
    ['that are no leases', 'some lock of the app'],
  ])('does not wait for the holders of locks %s', async (_, name) => {
    const { host, ask, attach, advance, answers } = setUp()
    host.locks.add(name)
    await attach('first')
    await ask()
    await advance(40)
    expect(answers).toEqual([{ checkpoint: undefined, at: 40 }])
  })

  test.each([
    ['before it asks', true],
    ['after it asked', false],
  ])('waits for no other tab when one brings marks %s', async (_, before) => {
    const { host, ask, attach, advance, answers } = setUp()
    host.locks.add(lease('other'))
    if (before) await attach('first', [mark(3, at('5'))])
    await ask()
    if (!before) await attach('first', [mark(3, at('5'))])
    await advance(39)
    expect(answers).toEqual([])
    await advance(1)
    expect(answers).toEqual([{ checkpoint: at('5'), at: 40 }])
  })

  test('waits for nobody where no others can be heard, and takes what its tab brings', async () => {
    const { host, ask, attach, answers } = setUp({ canMeet: false })
    host.locks.add(lease('other'))
    await attach('first', [mark(3, at('5'))])
    await ask()
    expect(answers).toEqual([{ checkpoint: at('5'), at: 0 }])
  })

  test('waits at most 400 ms for tabs that hold a lease and are not here yet', async () => {
    const { host, ask, attach, advance, answers } = setUp()
    host.locks.add(lease('other'))
    await attach('first')
    await ask()
    await advance(399)
    expect(answers).toEqual([])
    await advance(1)
    expect(answers).toEqual([{ checkpoint: undefined, at: 400 }])
  })

  test('waits no longer than that, however many tabs come meanwhile that bring nothing', async () => {
    const { host, ask, attach, advance, answers } = setUp()
    host.locks.add(lease('other'))
    await attach('first')
    await ask()
    for (let tab = 0; tab < 10; tab++) {
      await advance(100)
      await attach(`tab ${tab}`)
    }
    expect(answers).toEqual([{ checkpoint: undefined, at: 400 }])
  })

  test('waits no longer when all who hold a lease have come, and none brought anything', async () => {
    const { host, ask, attach, advance, answers } = setUp()
    host.locks.add(lease('other'))
    await attach('first')
    await ask()
    await advance(100)
    await attach('other')
    await advance(0)
    expect(answers).toEqual([{ checkpoint: undefined, at: 100 }])
  })

  test('goes on with the first tab that brings marks, at once', async () => {
    const { host, ask, attach, advance, answers } = setUp()
    for (const tab of ['second', 'third']) host.locks.add(lease(tab))
    await attach('first')
    await ask()
    await advance(100)
    await attach('second', [mark(2, at('4'))])
    await attach('third', [mark(9, at('9'))])
    await advance(0)
    expect(answers).toEqual([{ checkpoint: at('4'), at: 100 }])
  })

  test('says the same to every attempt, until it has a connection of its own', async () => {
    const { predecessor, ask, attach, advance, answers } = setUp()
    await attach('first', [mark(3, at('5'))])
    await ask()
    await advance(40)
    await ask()
    predecessor.over()
    await ask()
    expect(answers.map(({ checkpoint }) => checkpoint)).toEqual([at('5'), at('5'), undefined])
  })

  test('waits for no tab where it cannot be told which locks are held, and reports why', async () => {
    const host = fakeClockHost()
    const refused = new Error('no locks today')
    const predecessor = new Predecessor({
      host: { ...host, heldLocks: () => Promise.reject(refused) },
      scope: 'ann',
      handoverMs: HANDOVER_MS,
      canMeet: true,
      attachedLeases: () => new Set(),
    })
    const found = predecessor.checkpoint()
    await host.advance(40)
    expect(await found).toBeUndefined()
    expect(host.errors).toEqual([refused])
  })
})

describe('when an older one yields', () => {
  test('its checkpoint counts, whatever the tabs brought', async () => {
    const { host, predecessor, ask, attach, answers } = setUp()
    await attach('first', [mark(3, at('5'))])
    await ask()
    await host.advance(30)
    predecessor.yielding('older')
    await host.advance(900)
    expect(answers).toEqual([])
    predecessor.yielded('older', at('8'))
    await reactions()
    expect(answers).toEqual([{ checkpoint: at('8'), at: 930 }])
  })

  test('it is waited for also when tabs come meanwhile', async () => {
    const { host, predecessor, ask, attach, answers } = setUp()
    predecessor.yielding('older')
    await ask()
    await attach('first', [mark(3, at('5'))])
    await attach('second')
    await host.advance(500)
    expect(answers).toEqual([])
    predecessor.yielded('older', at('8'))
    await reactions()
    expect(answers.at(-1)?.checkpoint).toEqual(at('8'))
  })

  test('before anybody asks, it is known at once', async () => {
    const { predecessor, ask, answers } = setUp()
    predecessor.yielding('older')
    predecessor.yielded('older', at('8'))
    await ask()
    expect(answers).toEqual([{ checkpoint: at('8'), at: 0 }])
  })

  test('and dies over it, the wait ends after 3 s with what the tabs brought', async () => {
    const { host, predecessor, ask, attach, answers } = setUp()
    await attach('first', [mark(3, at('5'))])
    await ask()
    predecessor.yielding('older')
    await host.advance(2_999)
    expect(answers).toEqual([])
    await host.advance(1)
    await reactions()
    expect(answers).toEqual([{ checkpoint: at('5'), at: 3_000 }])
  })

  test('and another one, too, both are waited for: only one of them had the connection', async () => {
    const { host, predecessor, ask, attach, answers } = setUp()
    host.locks.add(lease('other'))
    await attach('first')
    await ask()
    predecessor.yielding('older')
    predecessor.yielding('oldest')
    predecessor.yielded('older', {})
    await host.advance(500)
    expect(answers).toEqual([])
    predecessor.yielded('oldest', at('8'))
    await reactions()
    expect(answers).toEqual([{ checkpoint: at('8'), at: 500 }])
  })

  test('and cannot say from where to carry on, the wait is over', async () => {
    const { predecessor, ask, attach, host, answers } = setUp()
    host.locks.add(lease('other'))
    await attach('first')
    await ask()
    predecessor.yielding('older')
    predecessor.yielded('older', undefined)
    await reactions()
    expect(answers).toEqual([{ checkpoint: undefined, at: 0 }])
  })
})

describe('of a tab that brings several marks', () => {
  const broughtBy = async (marks: readonly Mark[]): Promise<Checkpoint | undefined> => {
    const { host, ask, attach, answers } = setUp()
    await attach('first', marks)
    await ask()
    await host.advance(400)
    await reactions()
    return answers[0]?.checkpoint
  }

  test('the earliest counts, for tabs that have not come as far', async () => {
    expect(await broughtBy([mark(1, at('1')), mark(2, at('2')), mark(3, at('3'))])).toEqual(at('1'))
  })

  test('none counts that is of an earlier session at the server', async () => {
    expect(await broughtBy([mark(1, at('1', 'old')), mark(2, at('2')), mark(3, at('3'))])).toEqual(at('2'))
  })

  test('none counts that has no position: the server could do nothing with it', async () => {
    expect(await broughtBy([mark(1, at()), mark(2, at('2'))])).toEqual(at('2'))
    expect(await broughtBy([mark(1, at())])).toBeUndefined()
    expect(await broughtBy([mark(1), mark(2, {})])).toBeUndefined()
  })
})

describe('what is passed on to the next', () => {
  test('is, for a while, from where it carried on itself: tabs may still be on their way that know of nothing since', async () => {
    const { predecessor, ask, attach, advance } = setUp()
    await attach('first', [mark(3, at('5'))])
    await ask()
    await advance(HANDOVER_MS - 1)
    expect(predecessor.passOn(at('9'))).toEqual(at('5'))
    await advance(1)
    expect(predecessor.passOn(at('9'))).toEqual(at('9'))
  })

  test('is its own where the server gave it another session', async () => {
    const { predecessor, ask, attach } = setUp()
    await attach('first', [mark(3, at('5'))])
    await ask()
    expect(predecessor.passOn(at('9', 's-2'))).toEqual(at('9', 's-2'))
  })

  test('is its own where it carried on from nothing', () => {
    const { predecessor } = setUp()
    expect(predecessor.passOn(at('9'))).toEqual(at('9'))
    expect(predecessor.passOn(undefined)).toBeUndefined()
  })
})

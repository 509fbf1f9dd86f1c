import { expect, test } from 'vitest'
import type { Credentials } from '../../src/protocol/index.ts'
import { CredentialDesk, type CredentialSource } from '../../src/worker/upstream/credentials.ts'
import { fakeClockHost, reactions } from '../support/line/fake-clock-host.ts'

const TIMEOUT_MS = 5_000
const never = new AbortController().signal

interface Tab extends CredentialSource {
  readonly name: string
  /** The numbers under which it was asked and has not answered. */
  readonly asked: number[]
}

function setUp() {
  const host = fakeClockHost()
  const tabs: Tab[] = []
  /** The names of the tabs in the order in which they were asked. */
  const order: string[] = []
  const renewed: unknown[] = []
  const desk = new CredentialDesk({
    host,
    timeoutMs: TIMEOUT_MS,
    sources: () => tabs,
    renewed: given => renewed.push(given),
  })

  function open(name: string, { visible = false, hasCredentials = true } = {}): Tab {
    const tab: Tab = {
      name,
      visible,
      hasCredentials,
      asked: [],
      askCredentials(id) {
        order.push(name)
        tab.asked.push(id)
      },
    }
    tabs.push(tab)
    return tab
  }

  function answer(tab: Tab, credentials?: Credentials): void {
    const id = tab.asked.shift()
    if (id === undefined) throw new Error(`${tab.name} was not asked`)
    desk.answer(tab, { op: 'credentials', id, credentials })
  }

  function leave(tab: Tab): void {
    tabs.splice(tabs.indexOf(tab), 1)
    desk.forget(tab)
  }

  return { host, desk, order, open, answer, leave, renewed }
}

test('a visible tab is asked first, and only one', async () => {
  const { desk, order, open, answer } = setUp()
  open('hidden')
  const visible = open('visible', { visible: true })
  open('other', { visible: true })
  const got = desk.get(never, false)
  answer(visible, { token: 't' })
  expect(await got).toEqual({ credentials: { token: 't' }, cached: false })
  expect(order).toEqual(['visible'])
})

test('tabs that have no credentials are not asked; without any, there are none', async () => {
  const { desk, order, open } = setUp()
  open('guest', { visible: true, hasCredentials: false })
  expect(await desk.get(never, false)).toEqual({ credentials: undefined, cached: false })
  expect(order).toEqual([])
})

test('a tab that does not answer in time is passed over', async () => {
  const { host, desk, order, open, answer } = setUp()
  open('stuck', { visible: true })
  const next = open('next')
  const got = desk.get(never, false)
  await host.advance(TIMEOUT_MS - 1)
  expect(order).toEqual(['stuck'])
  await host.advance(1)
  expect(order).toEqual(['stuck', 'next'])
  answer(next, { token: 't' })
  expect((await got).credentials).toEqual({ token: 't' })
  expect(host.timers()).toEqual([])
})

test('a tab that has none after all is passed over', async () => {
  const { desk, order, open, answer } = setUp()
  const broken = open('broken', { visible: true })
  const next = open('next')
  const got = desk.get(never, false)
  answer(broken)
  await reactions()
  answer(next, { token: 't' })
  expect((await got).credentials).toEqual({ token: 't' })
  expect(order).toEqual(['broken', 'next'])
})

test('when the tab that was asked goes, the next is asked at once', async () => {
  const { desk, order, open, answer, leave } = setUp()
  const going = open('going', { visible: true })
  const next = open('next')
  const got = desk.get(never, false)
  leave(going)
  await reactions()
  expect(order).toEqual(['going', 'next'])
  answer(next, { token: 't' })
  expect((await got).credentials).toEqual({ token: 't' })
})

test('who is asked next is decided when it is time: not a tab that went, but one that came', async () => {
  const { host, desk, order, open, answer, leave } = setUp()
  open('stuck', { visible: true })
  const gone = open('gone')
  const got = desk.get(never, false)
  leave(gone)
  const late = open('late')
  await host.advance(TIMEOUT_MS)
  expect(order).toEqual(['stuck', 'late'])
  answer(late, { token: 't' })
  expect((await got).credentials).toEqual({ token: 't' })
})

test('when no tab can give any, that is a failure of its own kind which says what became of each', async () => {
  const { host, desk, open, answer } = setUp()
  const broken = open('broken', { visible: true })
  open('stuck')
  const got = desk.get(never, false).catch((error: unknown) => error)
  answer(broken)
  await host.advance(TIMEOUT_MS)
  expect(await got).toMatchObject({
    kind: 'no-credentials',
    message: 'no tab could give credentials (the tab has none; its console says why; no answer within 5000 ms)',
  })
})

test('an answer of another tab than was asked, or for another question, is ignored', async () => {
  const { desk, open, answer } = setUp()
  const asked = open('asked', { visible: true })
  const other = open('other')
  const got = desk.get(never, false)
  const [id = 0] = asked.asked
  desk.answer(other, { op: 'credentials', id, credentials: { token: 'forged' } })
  desk.answer(asked, { op: 'credentials', id: id + 1, credentials: { token: 'unasked' } })
  answer(asked, { token: 'right' })
  expect((await got).credentials).toEqual({ token: 'right' })
})

test('all who ask while a question is open share it and its answer', async () => {
  const { desk, order, open, answer } = setUp()
  const tab = open('tab', { visible: true })
  open('other')
  const all = [desk.get(never, false), desk.get(never, true), desk.changed(never), desk.get(never, false)]
  await reactions()
  expect(tab.asked).toHaveLength(1)
  answer(tab, { token: 't' })
  const got = { credentials: { token: 't' }, cached: false }
  expect(await Promise.all(all)).toEqual([got, got, true, got])
  expect(order).toEqual(['tab'])
})

test('a question that failed is failed for all who shared it, and the next one is asked anew', async () => {
  const { desk, order, open, answer } = setUp()
  const tab = open('tab')
  const all = [desk.get(never, false), desk.changed(never)]
  answer(tab)
  for (const outcome of await Promise.allSettled(all))
    expect(outcome).toMatchObject({ status: 'rejected', reason: { kind: 'no-credentials' } })
  const again = desk.get(never, false)
  answer(tab, { token: 't' })
  expect((await again).credentials).toEqual({ token: 't' })
  expect(order).toEqual(['tab', 'tab'])
})

test('an attempt that was given up rejects, and the question that it shared goes on for the others', async () => {
  const { host, desk, order, open, answer } = setUp()
  open('stuck', { visible: true })
  const next = open('next')
  const attempt = new AbortController()
  const givenUp = desk.get(attempt.signal, false).catch((error: unknown) => error)
  const other = desk.get(never, false)
  const reason = new Error('given up')
  attempt.abort(reason)
  await host.advance(TIMEOUT_MS)
  expect(order).toEqual(['stuck', 'next'])
  answer(next, { token: 't' })
  expect(await givenUp).toBe(reason)
  expect((await other).credentials).toEqual({ token: 't' })
})

test('credentials are kept, and asked for anew shortly before they expire or when fresh ones are wanted', async () => {
  const { host, desk, order, open, answer } = setUp()
  const tab = open('tab')
  async function getAnswered(token: string, fresh: boolean, expiresAt?: number) {
    const got = desk.get(never, fresh)
    if (tab.asked.length > 0) answer(tab, { token, ...(expiresAt !== undefined && { expiresAt }) })
    return got
  }
  expect(await getAnswered('1', false, host.wallClock() + 3_600_000)).toMatchObject({ cached: false })
  expect(await getAnswered('2', false)).toMatchObject({ credentials: { token: '1' }, cached: true })
  expect(await getAnswered('3', true, host.wallClock() + 9_000)).toMatchObject({
    credentials: { token: '3' },
    cached: false,
  })
  expect(await getAnswered('4', false)).toEqual({ credentials: { token: '4' }, cached: false })
  expect(await getAnswered('5', false)).toEqual({ credentials: { token: '4' }, cached: true })
  expect(order).toHaveLength(3)
})

test('the same credentials again are no change, also when two ask at once or an earlier question failed', async () => {
  const { host, desk, open, answer } = setUp()
  const tab = open('tab')
  const first = desk.get(never, false)
  answer(tab, { token: 'refused' })
  await first
  const both = [desk.changed(never), desk.changed(never)]
  while (tab.asked.length > 0) answer(tab, { token: 'refused' })
  expect(await Promise.all(both)).toEqual([false, false])

  const failing = desk.changed(never).catch((error: unknown) => error)
  await host.advance(TIMEOUT_MS)
  expect(await failing).toBeInstanceOf(Error)
  tab.asked.length = 0
  const again = desk.changed(never)
  answer(tab, { token: 'refused' })
  expect(await again).toBe(false)
  const other = desk.changed(never)
  answer(tab, { token: 'other' })
  expect(await other).toBe(true)
})

test('credentials of an open connection are renewed ahead of their expiry, from whichever tab is there then', async () => {
  const { host, desk, open, answer, renewed } = setUp()
  const tab = open('tab')
  const first = desk.get(never, false)
  answer(tab, { token: '1', expiresAt: host.wallClock() + 60_000 })
  await first
  await host.advance(49_000)
  expect(tab.asked).toEqual([])
  await host.advance(1_000)
  expect(tab.asked).toHaveLength(1)
  answer(tab, { token: '2', expiresAt: host.wallClock() + 60_000 })
  await host.advance(0)
  expect(renewed).toMatchObject([{ token: '2' }])
  await host.advance(50_000)
  expect(tab.asked).toHaveLength(1)
  desk.close()
  expect(host.timers()).toHaveLength(1)
})

test('credentials that are good for longer than a timer can wait are not asked for before their time', async () => {
  const { host, desk, open, answer } = setUp()
  const tab = open('tab')
  const first = desk.get(never, false)
  const goodForMs = 2 ** 31 + 60_000
  answer(tab, { expiresAt: host.wallClock() + goodForMs })
  await first
  expect(host.timers()).toEqual([2 ** 31 - 1])
  await host.advance(goodForMs - 10_001)
  expect(tab.asked).toEqual([])
  await host.advance(1)
  expect(tab.asked).toHaveLength(1)
})

test('what only the app can authorise is asked once for all who ask at a time, and kept for nobody', async () => {
  const { desk, open, order, answer } = setUp()
  const tab = open('tab')
  const request = { channel: 'private-a', socketId: '1.2' }
  const both = [desk.authorise(request), desk.authorise(request)]
  answer(tab, { auth: 'key:signature' })
  expect(await Promise.all(both)).toEqual([{ auth: 'key:signature' }, { auth: 'key:signature' }])
  const again = desk.authorise(request)
  answer(tab, { auth: 'another' })
  expect(await again).toEqual({ auth: 'another' })
  expect(order).toHaveLength(2)
})

test('new ones of the connection itself take the place of those that are kept, and are renewed ahead of their expiry', async () => {
  const { host, desk, open, order, answer, renewed } = setUp()
  const tab = open('tab')
  const first = desk.get(never, false)
  answer(tab, { token: 'old' })
  await first
  const both = [desk.authorise({}), desk.authorise({}), desk.get(never, true)]
  answer(tab, { token: 'new', expiresAt: host.wallClock() + 60_000 })
  await Promise.all(both)
  expect(await desk.get(never, false)).toMatchObject({ credentials: { token: 'new' }, cached: true })
  expect(order).toHaveLength(2)
  await host.advance(50_000)
  answer(tab, { token: 'newest' })
  await reactions()
  expect(renewed).toEqual([{ token: 'newest' }])
})

test('what no tab can authorise is refused', async () => {
  const { desk, open } = setUp()
  open('tab', { hasCredentials: false })
  for (const request of [{ channel: 'private-a' }, {}])
    await expect(desk.authorise(request)).rejects.toMatchObject({ kind: 'no-credentials' })
})

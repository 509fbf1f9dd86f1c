import { afterEach, describe, expect, it } from 'vitest'
import type { Member, PresenceChange, WireError } from '../../src/protocol/index.ts'
import { UpstreamError, type BrokerOptions } from '../../src/worker/index.ts'
import { changed, NOBODY } from '../../src/worker/routing/members.ts'
import { fakeClockHost } from '../support/line/fake-clock-host.ts'
import { startNodeLine, type NodeTab } from '../support/line/node-line.ts'
import { rawTab } from '../support/line/raw-tab.ts'
import { presenceTransport } from '../support/line/presence-transport.ts'
import { testTransport } from '../support/line/test-transport.ts'
import { waitFor } from '../support/line/wait-for.ts'

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

const WATCHED = { wanted: [{ channel: 'floor', presence: true }] }
const ann: Member = { id: 'ann', states: [{ at: 1 }] }
const bob: Member = { id: 'bob', states: [{ at: 2 }] }

function setUp(options: Partial<BrokerOptions> = {}) {
  const host = fakeClockHost()
  const transport = presenceTransport()
  const line = startNodeLine({ transport, ...options }, host)
  ends.push(() => line.close())
  return { host, transport, line, tell: (change: PresenceChange) => transport.sink().presence('floor', change) }
}

const joined = (tab: NodeTab) => tab.notice('subscription', ({ state }) => state === 'joined')

const membersOf = (tab: NodeTab): readonly string[] => [
  ...tab
    .notices('presence')
    .reduce((known, { change }) => changed(known, change), NOBODY)
    .keys(),
]

describe('who is in a channel', () => {
  it('reaches a late tab at once, as it is by then', async () => {
    const { line, tell } = setUp()
    const early = await line.openTab(WATCHED)
    await joined(early)
    tell({ kind: 'state', members: [ann] })
    tell({ kind: 'diff', present: [bob], gone: ['ann'] })
    const late = await line.openTab(WATCHED)
    const { change } = await late.notice('presence')
    expect(change).toEqual({ kind: 'state', members: [bob] })
    await waitFor(() => membersOf(early).includes('bob'), 'bob')
    expect(membersOf(early)).toEqual(['bob'])
  })

  it('is counted when no tab wants the channel', async () => {
    const { line, transport, tell } = setUp()
    const tab = await line.openTab(WATCHED)
    await joined(tab)
    transport.sink().presence('never joined', { kind: 'state', members: [ann] })
    expect(line.broker.stats().traffic.eventsUnrouted).toBe(1)
    tell({ kind: 'state', members: [bob] })
    await tab.notice('presence')
    expect(membersOf(tab)).toEqual(['bob'])
    expect(line.broker.stats().traffic.eventsUnrouted).toBe(1)
  })

  it('is told to those alone who ask for it', async () => {
    const { line, tell } = setUp()
    const deaf = await line.openTab({ wanted: [{ channel: 'floor' }] })
    const tab = await line.openTab(WATCHED)
    await joined(tab)
    tell({ kind: 'state', members: [ann] })
    await tab.notice('presence')
    await deaf.ask({ op: 'subscribe', channel: 'floor', presence: true })
    await deaf.notice('presence')
    expect(deaf.notices('presence')).toHaveLength(1)
    await tab.ask({ op: 'subscribe', channel: 'floor', presence: false })
    tell({ kind: 'diff', present: [bob], gone: [] })
    await waitFor(() => membersOf(deaf).includes('bob'), 'bob')
    expect(tab.notices('presence')).toHaveLength(1)
  })

  it('is told after a lost connection as what has changed meanwhile, and not at all when nothing has', async () => {
    const { host, line, transport, tell } = setUp()
    const tab = await line.openTab(WATCHED)
    await joined(tab)
    tell({ kind: 'state', members: [ann, bob] })
    for (const members of [[ann, bob], [{ id: 'ann', states: [{ at: 3 }] }]]) {
      transport.lose()
      await host.advance(1_000)
      await waitFor(() => line.broker.stats().channels[0]?.state === 'joined', 'the join')
      tell({ kind: 'state', members })
    }
    await waitFor(() => tab.notices('presence').length === 2, 'the change')
    expect(tab.notices('presence')[1]?.change).toEqual({
      kind: 'diff',
      present: [{ id: 'ann', states: [{ at: 3 }] }],
      gone: ['bob'],
    })
  })

  it('of a channel that no tab wants is not kept', async () => {
    const { line, transport, tell } = setUp()
    const tab = await line.openTab(WATCHED)
    await joined(tab)
    transport.sink().presence('elsewhere', { kind: 'state', members: [ann] })
    tell({ kind: 'state', members: [bob] })
    await tab.notice('presence')
    await tab.ask({ op: 'subscribe', channel: 'elsewhere', presence: true })
    await tab.notice('subscription', ({ channel, state }) => channel === 'elsewhere' && state === 'joined')
    expect(tab.notices('presence')).toHaveLength(1)
  })

  it('is forgotten with the channel: a later tab hears what the server says then', async () => {
    const { host, line, tell } = setUp({ lingerMs: 100 })
    const tab = await line.openTab(WATCHED)
    await joined(tab)
    tell({ kind: 'state', members: [ann] })
    await tab.ask({ op: 'unsubscribe', channel: 'floor' })
    await host.advance(100)
    const late = await line.openTab(WATCHED)
    await joined(late)
    expect(late.notices('presence')).toEqual([])
    tell({ kind: 'state', members: [bob] })
    expect((await late.notice('presence')).change).toEqual({ kind: 'state', members: [bob] })
  })
})

describe('what a tab tells of itself', () => {
  const track = (state?: unknown) => ({ op: 'track', channel: 'floor', state }) as const

  it('is told upstream once the channel is joined, replaced, and taken back', async () => {
    const { line, transport } = setUp()
    const tab = await line.openTab()
    await tab.ask(track({ seat: 1 }), { op: 'subscribe', channel: 'floor' })
    await joined(tab)
    await tab.ask(track({ seat: 2 }))
    await tab.ask(track())
    await waitFor(() => transport.told.length === 3, 'all three')
    expect(transport.told).toEqual(['tab-1 {"seat":1}', 'tab-1 {"seat":2}', 'tab-1 gone'])
  })

  it('is told again after a lost connection, by those that are still there', async () => {
    const { host, line, transport } = setUp()
    const [staying, going] = [await line.openTab(WATCHED), await line.openTab(WATCHED)]
    for (const tab of [staying, going]) await joined(tab)
    await staying.ask(track('a'))
    await going.ask(track('b'))
    transport.lose()
    going.close()
    await waitFor(() => line.broker.stats().sessions.attached === 1, 'the farewell')
    await host.advance(1_000)
    await waitFor(() => transport.told.length === 3, 'the state again')
    expect(transport.told).toEqual(['tab-1 "a"', 'tab-2 "b"', 'tab-1 "a"'])
  })

  it.each([
    ['says bye', async (tab: NodeTab) => tab.close()],
    [
      'crashes',
      async (_: NodeTab, { host }: ReturnType<typeof setUp>) => {
        host.locks.delete('tab-1')
        await host.advance(3_000)
      },
    ],
    ['leaves the channel', (tab: NodeTab) => tab.ask({ op: 'unsubscribe', channel: 'floor' })],
  ])('ends when it %s, and that of no other tab', async (_, go) => {
    const given = setUp()
    const [going, staying] = [await given.line.openTab(WATCHED), await given.line.openTab(WATCHED)]
    for (const tab of [going, staying]) await joined(tab)
    await going.ask(track('going'))
    await staying.ask(track('staying'))
    await go(going, given)
    await waitFor(() => given.transport.told.length > 2, 'the end')
    expect(given.transport.told.slice(2)).toEqual(['tab-1 gone'])
  })

  it('ends when its page goes into the back/forward cache; told anew when it is back, it is there again', async () => {
    const { line, transport } = setUp()
    const tab = await rawTab(line, WATCHED)
    tab.acknowledgeAll()
    await waitFor(() => line.broker.stats().channels[0]?.state === 'joined', 'the join')
    const ask = (from: typeof tab, state: unknown) => from.call('ask', { epoch: from.epoch, ops: [track(state)] })
    await ask(tab, 'here')
    await tab.call('suspend', tab.epoch, tab.frames.at(-1)?.seq ?? 0)
    const back = await rawTab(line, {
      ...WATCHED,
      attempt: 2,
      session: { id: tab.sessionId, seq: tab.frames.at(-1)?.seq ?? 0 },
    })
    await ask(back, 'here')
    await waitFor(() => transport.told.length === 3, 'the state again')
    expect(transport.told).toEqual(['raw "here"', 'raw gone', 'raw "here"'])
  })

  it('is not offered where the transport has no states of one’s own', async () => {
    const line = startNodeLine({ transport: testTransport() }, fakeClockHost())
    ends.push(() => line.close())
    const tab = await line.openTab()
    const failures = (await tab.ask(track('here'))) as readonly { readonly error: WireError }[]
    expect(failures).toMatchObject([{ error: { code: 'not-offered', retryable: false } }])
  })

  it('harms nothing where the server refuses it, or the transport throws: that is reported', async () => {
    const { host, line, transport } = setUp()
    const tab = await line.openTab(WATCHED)
    await joined(tab)
    for (const error of [new UpstreamError('refused', 'not here'), new Error('thrown')]) {
      transport.refuses = error
      await tab.ask(track('here'))
      await waitFor(() => host.errors.includes(error), 'the report')
    }
    transport.refuses = new UpstreamError('network', 'gone with the connection')
    await tab.ask(track('here'))
    transport.lose()
    transport.refuses = new Error('thrown')
    await host.advance(1_000)
    await waitFor(() => line.broker.stats().channels[0]?.state === 'joined', 'the join')
    expect(host.errors.filter(error => error instanceof UpstreamError && error.kind === 'network')).toEqual([])
  })
})

import '../support/worker-globals.ts'
import { createClient } from '@supabase/supabase-js'
import { WebSocket } from 'ws'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { toChannelId, type ChannelParams, type Credentials } from '../../src/protocol/index.ts'
import { supabase, type SupabaseOptions } from '../../src/worker/transports/supabase.ts'
import { recordLink, type RecordedLink } from '../support/conformance/recorded-link.ts'
import { startNodeLine } from '../support/line/node-line.ts'
import { waitFor } from '../support/line/wait-for.ts'
import {
  startSupabaseServer,
  type SupabaseServer,
  type SupabaseServerOptions,
} from '../support/servers/supabase/index.ts'
import { openSourceByHand, type SourceByHand } from '../support/servers/supabase/source-by-hand.ts'

const ends: (() => unknown)[] = []
let source: SourceByHand
let server: SupabaseServer

beforeEach(async () => {
  source = openSourceByHand()
  await serve()
})

afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function serve(options: SupabaseServerOptions = {}): Promise<void> {
  const started = await startSupabaseServer({ changes: source, ...options })
  ends.push(() => started.close())
  server = started
}

/** What tabs are asked for beside the connection's credentials, and give. */
type Authorise = () => Credentials | Promise<Credentials>

async function openLink(
  credentials?: Credentials,
  options: Partial<SupabaseOptions> = {},
  authorise?: Authorise,
): Promise<RecordedLink> {
  const link = recordLink({
    transport: () => supabase({ url: server.url, key: server.anonKey, ...options }),
    credentials: () => credentials,
    ...(authorise && { authorise }),
  })
  ends.push(() => link.link.close())
  await link.open()
  return link
}

const id = (name: string, params: ChannelParams): string => toChannelId({ name, params })
const rows = (filter: string, more: ChannelParams = {}): string =>
  id('room', { changes: [{ event: 'INSERT', table: 'orders', filter }], ...more })

const newRows = ({ payloads }: RecordedLink, channel: string): unknown[] =>
  payloads(channel).map(payload => (payload as { readonly new?: { readonly id?: unknown } }).new?.id)

const verdicts = ({ ofType }: RecordedLink, channel: string): unknown[] =>
  ofType('continuity').flatMap(one => (one.channel === channel ? [one.continuity.verdict] : []))

const never = new AbortController().signal

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('it should have been rejected'),
    (error: unknown) => error,
  )
}

describe('several wishes for one topic', () => {
  const [soup, salad, all] = [rows('dish=eq.soup'), rows('dish=eq.salad'), rows('id=gt.0')]

  test('that come together are one join, and each channel gets its rows, each once', async () => {
    const link = await openLink()
    await Promise.all([soup, salad, all, 'room'].map(link.join))
    source.insert('orders', { id: 1, dish: 'soup' })
    source.insert('orders', { id: 2, dish: 'salad' })
    source.insert('orders', { id: 3, dish: 'tea' })
    source.insert('dishes', { id: 4, dish: 'soup' })
    server.broadcast('room', 'said', { n: 1 })
    await waitFor(() => link.payloads('room').length === 1, 'the broadcast')
    expect([soup, salad, all].map(channel => newRows(link, channel))).toEqual([
      [1, undefined],
      [2, undefined],
      [1, 2, 3, undefined],
    ])
    expect(link.events(soup)[0]).toMatchObject({
      event: 'INSERT',
      payload: { eventType: 'INSERT', schema: 'public', table: 'orders', new: { id: 1, dish: 'soup' }, old: {} },
    })
    expect(server.joins).toHaveLength(1)
  })

  test('a later one that is not covered joins anew, and those before hear `unknown` ahead of what follows', async () => {
    const link = await openLink()
    await link.join(soup)
    await link.join(salad)
    source.insert('orders', { id: 1, dish: 'soup' })
    source.insert('orders', { id: 2, dish: 'salad' })
    await waitFor(() => newRows(link, salad).length === 1, 'the rows')
    expect([newRows(link, soup), newRows(link, salad)]).toEqual([[1], [2]])
    expect([verdicts(link, soup), verdicts(link, salad)]).toEqual([['unknown'], []])
    expect(link.told.map(({ type }) => type).indexOf('continuity')).toBeLessThan(
      link.told.map(({ type }) => type).indexOf('event'),
    )
    expect(server.joins).toHaveLength(2)
  })

  test('one that is covered, and one that goes, interrupt nobody', async () => {
    const link = await openLink()
    await Promise.all([link.join(soup), link.join(salad)])
    link.link.leave(salad)
    await link.join('room')
    source.insert('orders', { id: 1, dish: 'salad' })
    source.insert('orders', { id: 2, dish: 'soup' })
    await waitFor(() => newRows(link, soup).length === 1, 'the row')
    expect(newRows(link, salad)).toEqual([])
    expect(link.ofType('continuity')).toEqual([])
    expect(server.joins).toHaveLength(1)
  })

  test('many rows that nobody wants any more end with a smaller join', async () => {
    const link = await openLink()
    await Promise.all([link.join(soup), link.join(salad)])
    link.link.leave(salad)
    for (let n = 1; n <= 100; n++) source.insert('orders', { id: n, dish: 'salad' })
    await waitFor(() => verdicts(link, soup).length === 1, 'the smaller join')
    expect(server.joins.map(({ config }) => config.bindings.length)).toEqual([2, 1])
  })

  test('a bad one is refused in the words of the server, and the others get theirs', async () => {
    const link = await openLink()
    const bad = id('room', { changes: [{ table: 'no such table' }] })
    const odd = rows('dish is soup')
    const [, badError, oddError] = await Promise.all([
      link.join(soup),
      failure(link.join(bad)),
      failure(link.join(odd)),
      link.join(salad),
    ])
    expect(badError).toMatchObject({ kind: 'refused', message: expect.stringContaining('no such table') })
    expect(oddError).toMatchObject({ kind: 'refused' })
    source.insert('orders', { id: 1, dish: 'soup' })
    source.insert('orders', { id: 2, dish: 'salad' })
    await waitFor(() => newRows(link, salad).length === 1, 'the rows')
    expect([newRows(link, soup), newRows(link, salad)]).toEqual([[1], [2]])
  })

  test('those that contradict each other: the first is fulfilled, the other refused', async () => {
    const link = await openLink({ token: server.token() })
    await link.join(id('room', { presence: { key: 'ann' } }))
    expect(await failure(link.join(id('room', { private: true })))).toMatchObject({ kind: 'refused' })
    expect(await failure(link.join(id('room', { presence: { key: 'bob' } })))).toMatchObject({ kind: 'refused' })
    server.broadcast('room', 'said', {})
    await waitFor(() => link.ofType('event').length === 1, 'the broadcast')
  })
})

describe('broadcasts', () => {
  const echo = id('room', { broadcast: { self: true } })
  const unasked = id('room', { broadcast: { ack: false } })

  test('reach this browser’s other tabs once, the publisher only where it hears itself, and other browsers', async () => {
    const [link, other] = [await openLink(), await openLink()]
    await Promise.all(['room', echo, unasked].map(link.join))
    await other.join('room')
    for (const channel of ['room', echo, unasked])
      await link.link.publish({ channel, event: 'said', payload: { channel }, origin: 'tab-1' }, never)
    await waitFor(() => other.events('room').length === 3, 'all of them')
    expect(link.ofType('event')).toHaveLength(9)
    const unfiltered = link.ofType('event').filter(({ event }) => event.except === undefined)
    expect(unfiltered.map(({ event }) => event)).toMatchObject([{ channel: echo, payload: { channel: echo } }])
  })

  test('can be sent to a topic that nobody listens to, which is left again', async () => {
    const [link, other] = [await openLink(), await openLink()]
    await other.join('room')
    const sent = [1, 2, 3].map(payload => link.link.publish({ channel: 'room', event: 'said', payload }, never))
    await Promise.all(sent)
    await waitFor(() => other.payloads('room').length === 3, 'the messages')
    expect(other.payloads('room')).toEqual([1, 2, 3])
    await waitFor(() => server.leaves.length === 1, 'the leave')
  })

  test.each([null, 0, '', false])('%j arrives as it is', async payload => {
    const [link, other] = [await openLink(), await openLink()]
    await other.join('room')
    await link.link.publish({ channel: 'room', event: 'said', payload }, never)
    await waitFor(() => other.payloads('room').length === 1, 'the message')
    expect(other.payloads('room')).toEqual([payload])
  })

  test('hold no bytes within', async () => {
    const link = await openLink()
    const message = { channel: 'room', event: 'said', payload: { picture: new Uint8Array(3) } }
    expect(() => link.link.publish(message, never)).toThrow(expect.objectContaining({ code: 'invalid-payload' }))
  })
})

describe('presence', () => {
  test('is what the last tab has told; after its end that of the one before', async () => {
    const [link, other] = [await openLink(), await openLink()]
    const mine = id('room', { presence: { key: 'ann' } })
    await link.join(mine)
    await other.join('room')
    const seen = (): unknown => other.members('room').get('ann')
    await link.link.track?.(mine, 'tab-1', { tab: 1 })
    await link.link.track?.(mine, 'tab-2', { tab: 2 })
    await waitFor(() => JSON.stringify(seen()) === '[{"tab":2}]', 'the second tab')
    link.link.untrack?.(mine, 'tab-2')
    await waitFor(() => JSON.stringify(seen()) === '[{"tab":1}]', 'the first tab')
    link.link.untrack?.(mine, 'tab-1')
    await waitFor(() => seen() === undefined, 'nobody')
  })

  test('is told again with a larger join, and known to a channel that comes late', async () => {
    const [link, other] = [await openLink(), await openLink()]
    const late = id('room', { changes: [{ table: 'orders' }] })
    await link.join('room')
    await other.join('room')
    await link.link.track?.('room', 'tab-1', { tab: 1 })
    await link.join(late)
    const states = ({ members }: RecordedLink, channel: string): string =>
      JSON.stringify([...members(channel).values()])
    await waitFor(() => states(link, late) === '[[{"tab":1}]]', 'the state')
    await waitFor(() => states(other, 'room') === '[[{"tab":1}]]', 'the state elsewhere')
    expect(await failure(Promise.resolve(link.link.track?.('room', 'tab-1', 'a text')))).toMatchObject({
      kind: 'refused',
    })
  })
})

describe('tokens', () => {
  const secret = id('secret', { private: true })

  test('are there with the first join, and renewed on the open channels', async () => {
    const brief = { token: server.token({ exp: Math.floor(Date.now() / 1000) + 3 }) }
    const [link, witness] = [await openLink(brief), await openLink(brief)]
    await Promise.all([link.join(secret), witness.join(secret)])
    link.link.renew?.({ token: server.token() })
    await waitFor(() => witness.ofType('channel-lost').length === 1, 'the expiry')
    server.broadcast('secret', 'said', {}, { isPrivate: true })
    await waitFor(() => link.events(secret).length === 1, 'the event')
    expect(link.ofType('channel-lost')).toEqual([])
  })

  test('one that has run out: a tab is asked for another, with which the join goes', async () => {
    const stale = server.token({ exp: 1 })
    const asked: number[] = []
    const link = await openLink({ token: stale }, {}, () => {
      asked.push(1)
      return { token: server.token() }
    })
    expect(await failure(link.join(secret))).toMatchObject({ kind: 'credentials' })
    await waitFor(() => asked.length === 1, 'the question')
    await waitFor(
      () =>
        link.join(secret).then(
          () => true,
          () => false,
        ),
      'the join',
    )
    expect(link.ofType('lost')).toEqual([])
  })

  test('another that a tab has given is what the next connections have, too', async () => {
    const tokens = [server.token({ exp: 1 }), server.token()]
    const transport = supabase({ url: server.url, key: server.anonKey })
    const line = startNodeLine({ transport, backoffBaseMs: 50, circuitFailures: 1_000 })
    ends.push(() => line.close())
    const tab = await line.openTab({ hasCredentials: true, wanted: [{ channel: secret }] }, (item, ask) => {
      if ('type' in item && item.type === 'credentials-wanted')
        void ask({ op: 'credentials', id: item.id, credentials: { token: tokens.shift() } })
    })
    const joins = (): number => tab.notices('subscription').filter(({ state }) => state === 'joined').length
    for (const count of [1, 2, 3]) {
      await waitFor(() => joins() === count, `join ${count}`)
      await server.cut()
    }
    expect(tab.notices('credentials-wanted')).toHaveLength(2)
  })

  test('another that is no better: the connection is given up', async () => {
    const tokens = ['first', 'second', 'third']
    const link = await openLink({ token: 'none' }, {}, () => ({ token: tokens.shift() }))
    expect(await failure(link.join(secret))).toMatchObject({ kind: 'credentials' })
    await waitFor(() => tokens.length === 2, 'the question')
    await failure(link.join(secret))
    expect(await link.lost()).toMatchObject({ kind: 'credentials' })
    expect(tokens).toHaveLength(2)
  })

  test('no other than one that is refused: the connection is given up as `credentials`', async () => {
    const link = await openLink({ token: 'no token' })
    expect(await failure(link.join(secret))).toMatchObject({ kind: 'credentials' })
    expect(await link.lost()).toMatchObject({ kind: 'credentials' })
    await waitFor(() => server.connections() === 0, 'no connection')
  })

  test('one that runs out loses its channels, one that is taken back has them refused', async () => {
    const brief = await openLink({ token: server.token({ exp: Math.floor(Date.now() / 1000) + 3 }) })
    await brief.join(secret)
    const token = server.token({ sub: 'bob' })
    const link = await openLink({ token })
    await link.join(secret)
    server.revoke(token)
    await waitFor(() => link.ofType('channel-lost').length === 1, 'the end')
    expect(link.ofType('channel-lost')).toMatchObject([{ channel: secret, error: { kind: 'refused' } }])
    await waitFor(() => brief.ofType('channel-lost').length === 1, 'the expiry')
    expect(brief.ofType('channel-lost')).toMatchObject([{ error: { kind: 'network' } }])
  })
})

describe('ends', () => {
  test('a channel that the server ends can be joined again, and messages under way fail', async () => {
    const link = await openLink()
    await link.join('room')
    server.crash('room')
    await waitFor(() => link.ofType('channel-lost').length === 1, 'the end')
    await link.join('room')
    server.shutDown('room', 'Too many messages per second')
    await waitFor(() => link.ofType('channel-lost').length === 2, 'the second end')
    expect(link.ofType('channel-lost').map(({ error }) => [error.kind, error.message])).toEqual([
      ['network', 'the server ended the channel'],
      ['network', 'Too many messages per second'],
    ])
    await link.join('room')
  })

  test.each([
    [401, 'credentials'],
    [403, 'credentials'],
    [429, 'rate-limited'],
    [503, 'network'],
  ])('a handshake that is answered with %i is %s', async (status, kind) => {
    server.refuseConnections(status)
    const link = recordLink({
      transport: () => supabase({ url: server.url, key: server.anonKey }),
      credentials: () => undefined,
    })
    expect(await failure(link.open())).toMatchObject({ kind })
  })

  test('a join that nobody answers fails', async () => {
    const link = await openLink({}, { joinTimeoutMs: 100 })
    server.silence()
    expect(await failure(link.join('room'))).toMatchObject({ kind: 'network' })
  })

  test('no timer outlives the connection', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter(name => name === 'Timeout').length
    const before = timers()
    const link = await openLink()
    await link.join('room')
    const joining = link.join('other').catch(() => undefined)
    link.link.close()
    await joining
    await waitFor(() => server.connections() === 0 && timers() <= before, 'the end of all timers', 2_000)
  })
})

describe('an existing client', () => {
  test('gives address, key and token, and keeps its own connection to itself', async () => {
    const judged: unknown[] = []
    await serve({
      policy(_topic, { sub }) {
        judged.push(sub)
        return { mayRead: true, mayWrite: true }
      },
    })
    let token = server.token()
    const client = createClient(server.url, server.anonKey, {
      accessToken: async () => token,
      realtime: { transport: WebSocket as never },
    })
    ends.push(() => client.realtime.disconnect())
    const link = recordLink({ transport: () => supabase({ client, heartbeatMs: 50 }), credentials: () => undefined })
    ends.push(() => link.link.close())
    await link.open()
    await link.join(id('secret', { private: true }))
    expect(server.connections()).toBe(1)
    expect(client.realtime.isConnected()).toBe(false)
    const first = token
    token = server.token({ sub: 'later' })
    await waitFor(() => judged.includes('later'), 'the new token')
    server.revoke(first)
    server.broadcast('secret', 'said', {}, { isPrivate: true })
    await waitFor(() => link.ofType('event').length === 1, 'the event')
    expect(link.ofType('channel-lost')).toEqual([])
  })

  test.each([undefined, {}, { url: 'abc.supabase.co', key: 'k' }, { client: undefined }])(
    'options that cannot be right are refused: %j',
    options => {
      expect(() => supabase(options as never).create({} as never)).toThrow(
        expect.objectContaining({ code: 'bad-options' }),
      )
    },
  )
})

describe('a channel of partyline/supabase', () => {
  const face = (params: ChannelParams = {}): string => id('room', { face: server.url, ...params })
  const orders = { changes: [{ event: 'INSERT', schema: 'public', table: 'orders' }] }
  const soupOf = rows('dish=eq.soup')
  const publish = (link: RecordedLink, channel: string, event: string, payload?: unknown): Promise<unknown> =>
    Promise.resolve(link.link.publish({ channel, event, payload }, never))

  test('hears what the server says whole, and for which of its changes a row is', async () => {
    const link = await openLink()
    const channel = face({ changes: [{ table: 'dishes' }, ...orders.changes, { table: 'orders', filter: 'id=gt.5' }] })
    await link.join(channel)
    await publish(link, channel, 'system')
    server.broadcast('room', 'tick', { n: 1 })
    source.insert('orders', { id: 1 })
    source.insert('orders', { id: 6 })
    await waitFor(() => link.payloads(channel).length === 3 || undefined, 'three events')
    expect(link.payloads(channel)).toMatchObject([
      { type: 'broadcast', event: 'tick', payload: { n: 1 } },
      { of: [1], row: { eventType: 'INSERT', new: { id: 1 } } },
      { of: [1, 2], row: { new: { id: 6 } } },
    ])
  })

  test('is joined before rows flow, and each that asks hears what the server says of them, a late one too', async () => {
    const link = await openLink()
    const [first, late] = [face(orders), face({ ...orders, broadcast: { self: true } })]
    await link.join(first)
    const told = { extension: 'postgres_changes', status: 'ok', message: 'Subscribed to PostgreSQL' }
    expect(await publish(link, first, 'system')).toMatchObject(told)
    await link.join(late)
    expect(await publish(link, late, 'system')).toMatchObject(told)
    expect(server.joins).toHaveLength(1)
  })

  test('with others that wait for rows all are joined when rows flow', async () => {
    const link = await openLink()
    await Promise.all([face(orders), soupOf].map(link.join))
    source.insert('orders', { id: 1, dish: 'soup' })
    await waitFor(() => newRows(link, soupOf).length === 1 || undefined, 'a row')
    expect(link.payloads(face(orders))).toHaveLength(1)
  })

  test('that asks for rows of no table stays joined where others are refused', async () => {
    const link = await openLink()
    const channel = face({ changes: [{ table: 'nothing' }] })
    await link.join(channel)
    expect(await publish(link, channel, 'system')).toMatchObject({ status: 'error' })
    server.broadcast('room', 'tick', {})
    await waitFor(() => link.payloads(channel).length === 1 || undefined, 'an event')
  })

  test('is refused by whatever keeps it from being joined, with the words of the server', async () => {
    const link = await openLink({ token: server.token({ exp: 1 }) })
    const error = await failure(link.join(face()))
    expect(error).toMatchObject({
      kind: 'refused',
      details: { reason: expect.stringMatching(/^InvalidJWT/) as unknown },
    })
    expect(link.ofType('lost')).toEqual([])
  })

  test('is refused where it contradicts another tab, which says so', async () => {
    const link = await openLink()
    await link.join(face({ presence: { key: 'ann' } }))
    const reason = 'the topic is joined with the presence key "ann", and a connection has one there'
    expect(await failure(link.join(face({ presence: { key: 'bob' } })))).toMatchObject({
      kind: 'refused',
      details: { reason },
    })
  })

  test('is refused where its tab has named another server', async () => {
    const link = await openLink()
    const elsewhere = id('room', { face: 'https://abc.supabase.co/realtime/v1' })
    expect(await failure(link.join(elsewhere))).toMatchObject({
      kind: 'refused',
      message: `the worker is connected to ${server.url.replace('http', 'ws')}/realtime/v1, not to https://abc.supabase.co/realtime/v1`,
    })
    expect(server.joins).toHaveLength(0)
  })

  test('hears whether the server has ended it for good', async () => {
    const link = await openLink()
    await link.join(face())
    server.crash('room')
    await waitFor(() => link.ofType('channel-lost').length === 1 || undefined, 'a loss')
    await link.join(face())
    server.shutDown('room', 'Enough')
    await waitFor(() => link.ofType('channel-lost').length === 2 || undefined, 'another loss')
    expect(link.ofType('channel-lost').map(({ error }) => [error.kind, error.details])).toEqual([
      ['refused', { reason: 'the server ended the channel', isFinal: false }],
      ['refused', { reason: 'Enough', isFinal: true }],
    ])
  })

  test('that joins nothing keeps the connection, and takes tokens for all', async () => {
    const token = server.token({ sub: 'ann' })
    const link = await openLink()
    const control = face({ joins: false })
    await link.join(control)
    await link.join('room')
    await publish(link, control, 'access_token', token)
    await waitFor(() => server.holders(token) === 1 || undefined, 'the token')
    expect(server.joins).toHaveLength(1)
  })

  test('knows under which reference somebody is there, and when the server has heard of a tab', async () => {
    const link = await openLink()
    const channel = face({ presence: { key: 'ann', enabled: true } })
    await link.join(channel)
    await link.link.track?.(channel, 'tab', { n: 1 })
    expect(await publish(link, channel, 'presence')).toEqual({})
    await waitFor(() => JSON.stringify(link.ofType('presence')).includes('presence_ref') || undefined, 'a reference')
  })

  test('of several tabs that say the same of themselves the server hears once', async () => {
    await serve({ limits: { presencePer30Seconds: 2 } })
    const link = await openLink()
    const channel = face({ presence: { key: 'ann', enabled: true } })
    await link.join(channel)
    for (const tab of ['tab-1', 'tab-2', 'tab-3', 'tab-4']) await link.link.track?.(channel, tab, { user: 'ann' })
    for (const tab of ['tab-4', 'tab-3']) link.link.untrack?.(channel, tab)
    await link.link.track?.(channel, 'tab-1', { user: 'ann', at: 'the bar' })
    await waitFor(() => JSON.stringify(link.ofType('presence')).includes('the bar') || undefined, 'the last state')
    expect(link.ofType('channel-lost')).toEqual([])
  })
})

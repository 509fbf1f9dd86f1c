import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { waitFor } from '../../support/line/wait-for.ts'
import { Store } from '../../support/servers/websocket/store.ts'
import {
  startWebSocketServer,
  type WebSocketServer,
  type WebSocketServerOptions,
} from '../../support/servers/websocket/websocket-server.ts'
import {
  openSocket,
  openStream,
  type ServerSays,
  type WireClient,
} from '../../support/servers/websocket/wire-client.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

async function serve(options?: WebSocketServerOptions): Promise<WebSocketServer> {
  const server = await startWebSocketServer({ retryMs: 20, ...options })
  ends.push(() => server.close())
  return server
}

const numbers = (client: WireClient): unknown[] =>
  client.of('event').map(({ payload }) => (payload as { readonly n: number }).n)

const fromTo = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

const ann = { type: 'auth', credentials: { token: 'ann' } }

function authenticate({ token }: { readonly [field: string]: unknown }): { user: string; expiresInMs?: number } {
  if (token !== 'ann' && token !== 'bob') throw new Error('nobody has this token')
  return { user: token }
}

describe.each([
  { wire: 'WebSockets', openWire: openSocket },
  { wire: 'event streams', openWire: openStream },
])('over $wire', ({ openWire }) => {
  async function open(server: WebSocketServer): Promise<WireClient> {
    const client = await openWire(server)
    ends.push(() => client.end())
    return client
  }

  describe('channels', () => {
    it('carry events in order to all who have joined, until they leave', async () => {
      const server = await serve()
      const [one, two] = [await open(server), await open(server)]
      for (const client of [one, two])
        expect(await client.ask({ type: 'join', channel: 'orders' })).toMatchObject({ ok: true })
      for (let n = 0; n < 50; n++) server.tick('orders')
      await waitFor(() => one.of('event').length === 50 && two.of('event').length === 50, '50 events each')
      expect(numbers(two)).toEqual(fromTo(1, 50))
      expect(await two.ask({ type: 'leave', channel: 'orders' })).toMatchObject({ ok: true })
      server.tick('orders')
      await waitFor(() => one.of('event').length === 51, 'one more')
      await two.ask({ type: 'join', channel: 'another' })
      expect(two.of('event').length).toBe(50)
      expect([server.joins, server.leaves]).toEqual([['orders', 'orders', 'another'], ['orders']])
      expect([server.connections(), server.peakConnections()]).toEqual([2, 2])
    })

    it('are refused with a reason', async () => {
      const server = await serve({ forbidden: ['till'] })
      const client = await open(server)
      expect(await client.ask({ type: 'join', channel: 'till' })).toMatchObject({
        ok: false,
        error: { code: 'refused', message: 'not for you' },
      })
      server.tick('till')
      await client.ask({ type: 'join', channel: 'orders' })
      expect(client.of('event')).toEqual([])
    })

    it('can be taken away', async () => {
      const server = await serve()
      const client = await open(server)
      await client.ask({ type: 'join', channel: 'orders' })
      server.clear('orders')
      server.tick('orders')
      await client.ask({ type: 'join', channel: 'another' })
      expect(client.of('left')).toMatchObject([{ channel: 'orders', error: { code: 'refused' } }])
      expect(client.of('event')).toEqual([])
    })

    it('carry bytes in both directions', async () => {
      const server = await serve({ passesOn: true })
      const client = await open(server)
      await client.ask({ type: 'join', channel: 'files' })
      const payload = Uint8Array.from([0, 1, 127, 128, 255])
      const answer = await client.ask({ type: 'publish', channel: 'files', event: 'part', payload })
      expect(answer).toMatchObject({ ok: true, reply: { bytes: 5 } })
      await waitFor(() => client.of('event').length === 1, 'the bytes')
      expect(client.of('event')[0]?.['payload']).toEqual(payload)
    })
  })

  describe('recovery', () => {
    it('brings what came after a position, before the answer', async () => {
      const server = await serve()
      const first = await open(server)
      const { position: start } = await first.ask({ type: 'join', channel: 'orders' })
      for (let n = 0; n < 5; n++) server.tick('orders')
      await waitFor(() => first.of('event').length === 5, '5 events')
      const third = first.of('event')[2]?.['position']
      const [again, fromStart] = [await open(server), await open(server)]
      expect(await again.ask({ type: 'join', channel: 'orders', after: third })).toMatchObject({ recovered: true })
      expect(numbers(again)).toEqual([4, 5])
      expect(again.heard.at(-1)?.type).toBe('ack')
      expect(await fromStart.ask({ type: 'join', channel: 'orders', after: start })).toMatchObject({ recovered: true })
      expect(numbers(fromStart)).toEqual([1, 2, 3, 4, 5])
    })

    it('tells how many are lost where not all are there any more, and then sends none', async () => {
      const server = await serve({ store: new Store({ maxEvents: 3 }) })
      const client = await open(server)
      const { position } = await client.ask({ type: 'join', channel: 'orders' })
      await client.ask({ type: 'leave', channel: 'orders' })
      for (let n = 0; n < 4; n++) server.tick('orders')
      const answer = await client.ask({ type: 'join', channel: 'orders', after: position })
      expect(answer).toMatchObject({ ok: true, recovered: false, missed: 4 })
      expect(client.of('event')).toEqual([])
    })

    it('does not take a position of another life of the server for its own', async () => {
      const [before, after] = [await serve(), await serve()]
      const { position } = await (await open(before)).ask({ type: 'join', channel: 'orders' })
      after.tick('orders')
      const answer = await (await open(after)).ask({ type: 'join', channel: 'orders', after: position })
      expect(answer).toMatchObject({ ok: true, recovered: false })
      expect(answer).not.toHaveProperty('missed')
    })

    it('says nothing where the server keeps no events', async () => {
      const server = await serve({ store: new Store({ maxEvents: 0 }) })
      const client = await open(server)
      expect(await client.ask({ type: 'join', channel: 'orders', after: 'x-1' })).toEqual({
        type: 'ack',
        id: 1,
        ok: true,
      })
      server.tick('orders')
      await waitFor(() => client.of('event').length === 1, 'the event')
      expect(client.of('event')[0]).not.toHaveProperty('position')
    })

    it('goes on after a restart on the same port, with what the server has kept', async () => {
      const server = await serve()
      const client = await open(server)
      const { position } = await client.ask({ type: 'join', channel: 'orders' })
      server.closeAll(1012, 'a new version')
      expect(await client.closed).toEqual({ code: 1012, reason: 'a new version' })
      await server.close()
      const restarted = await serve({ port: server.port, store: server.store })
      restarted.tick('orders')
      const again = await open(restarted)
      expect(await again.ask({ type: 'join', channel: 'orders', after: position })).toMatchObject({ recovered: true })
      expect(numbers(again)).toEqual([1])
    })
  })

  describe('messages', () => {
    it('are answered, refused, or never answered', async () => {
      const server = await serve()
      const client = await open(server)
      client.send({ type: 'publish', id: 90, channel: 'orders', event: 'silent' })
      expect(await client.ask({ type: 'publish', channel: 'orders', event: 'place', payload: { table: 4 } })).toEqual({
        type: 'ack',
        id: 1,
        ok: true,
        reply: { echo: { table: 4 } },
      })
      expect(await client.ask({ type: 'publish', channel: 'orders', event: 'fail' })).toMatchObject({
        ok: false,
        error: { code: 'refused', message: 'no such table' },
      })
      expect(client.of('ack').map(({ id }) => id)).toEqual([1, 2])
      expect(server.published.map(({ event }) => event)).toEqual(['silent', 'place', 'fail'])
    })

    it('with a key are carried out once, and answered as the first time, also by the next server', async () => {
      const handled: unknown[] = []
      const options: WebSocketServerOptions = {
        handle: ({ payload }, answer) => answer({ ok: true, reply: handled.push(payload) }),
      }
      const server = await serve(options)
      const message = { type: 'publish', channel: 'orders', event: 'place', payload: { table: 4 }, key: 'k1' }
      const client = await open(server)
      for (const _ of [1, 2]) expect(await client.ask(message)).toMatchObject({ ok: true, reply: 1 })
      await server.close()
      const restarted = await serve({ ...options, port: server.port, store: server.store })
      expect(await (await open(restarted)).ask(message)).toMatchObject({ ok: true, reply: 1 })
      expect(handled).toEqual([{ table: 4 }])
      expect([server.published.length, server.repeated.length, restarted.repeated.length]).toEqual([1, 1, 1])
    })

    it('that make no sense are answered where they have an id, and otherwise end the connection with 4400', async () => {
      const server = await serve()
      const client = await open(server)
      for (const message of [
        { type: 'dance' },
        { type: 'join' },
        { type: 'join', channel: 'a', after: 1 },
        { type: 'auth' },
      ])
        expect(await client.ask(message)).toMatchObject({ ok: false, error: { code: 'bad-message' } })
      client.send({ type: 'join', channel: 'a' })
      expect(await client.closed).toEqual({ code: 4400, reason: 'id is to be a whole number from 0 on' })
    })

    it('ping is answered by pong', async () => {
      const client = await open(await serve())
      client.send({ type: 'ping' })
      await waitFor(() => client.of('pong').length === 1, 'the pong')
    })
  })

  describe('presence', () => {
    it('tells who wants to know who is there, who comes and who goes', async () => {
      const server = await serve()
      const [watcher, present, indifferent] = [await open(server), await open(server), await open(server)]
      await present.ask({ type: 'join', channel: 'floor' })
      await indifferent.ask({ type: 'join', channel: 'floor' })
      const { reply } = await present.ask({ type: 'track', channel: 'floor', state: { name: 'Ann' } })
      const { member } = reply as { readonly member: string }
      await watcher.ask({ type: 'join', channel: 'floor', presence: true })
      await present.ask({ type: 'track', channel: 'floor', state: { name: 'Ann', busy: true } })
      await present.ask({ type: 'untrack', channel: 'floor' })
      await present.ask({ type: 'track', channel: 'floor', state: { name: 'Ann' } })
      await present.ask({ type: 'leave', channel: 'floor' })
      await watcher.ask({ type: 'leave', channel: 'floor' })
      const told: readonly object[] = watcher.of('presence')
      expect(told).toEqual([
        { type: 'presence', channel: 'floor', state: { [member]: { name: 'Ann' } } },
        { type: 'presence', channel: 'floor', joined: { [member]: { name: 'Ann', busy: true } } },
        { type: 'presence', channel: 'floor', left: [member] },
        { type: 'presence', channel: 'floor', joined: { [member]: { name: 'Ann' } } },
        { type: 'presence', channel: 'floor', left: [member] },
      ])
      expect(watcher.heard.findIndex(({ type }) => type === 'presence')).toBeLessThan(
        watcher.heard.findIndex(({ type }) => type === 'ack'),
      )
      expect(indifferent.of('presence')).toEqual([])
    })

    it('is for those who are on the channel', async () => {
      const client = await open(await serve())
      const answer = await client.ask({ type: 'track', channel: 'floor', state: {} })
      expect(answer).toMatchObject({ ok: false, error: { code: 'refused' } })
    })

    it('ends with the connection', async () => {
      const server = await serve({ keptMs: 50 })
      const [watcher, present] = [await open(server), await open(server)]
      await watcher.ask({ type: 'join', channel: 'floor', presence: true })
      await present.ask({ type: 'join', channel: 'floor' })
      await present.ask({ type: 'track', channel: 'floor', state: 1 })
      present.end()
      await waitFor(() => watcher.of('presence').some(message => 'left' in message), 'the leaving')
    })
  })

  describe('credentials', () => {
    it('come first where the server wants any', async () => {
      const server = await serve({ authenticate })
      const [known, silent, unknown] = [await open(server), await open(server), await open(server)]
      expect(await known.ask(ann)).toEqual({ type: 'ack', id: 1, ok: true })
      expect(await known.ask({ type: 'join', channel: 'orders' })).toMatchObject({ ok: true })
      silent.send({ type: 'join', id: 1, channel: 'orders' })
      expect(await silent.closed).toEqual({ code: 4401, reason: 'the first message is to be auth' })
      expect(await unknown.ask({ type: 'auth', credentials: { token: 'eve' } })).toMatchObject({
        ok: false,
        error: { code: 'refused', message: 'nobody has this token' },
      })
      expect(await unknown.closed).toEqual({ code: 4401, reason: 'nobody has this token' })
      expect([server.joins.length, server.auths.length]).toEqual([1, 2])
    })

    it('that do not come in time end the connection with 4408', async () => {
      const client = await open(await serve({ authenticate, authWithinMs: 50 }))
      expect(await client.closed).toMatchObject({ code: 4408 })
    })

    it('are renewed on the open connection, by the same user only', async () => {
      const server = await serve({ authenticate })
      const client = await open(server)
      await client.ask(ann)
      await client.ask({ type: 'join', channel: 'orders' })
      expect(await client.ask(ann)).toMatchObject({ ok: true })
      server.tick('orders')
      await waitFor(() => client.of('event').length === 1, 'an event, without joining again')
      expect(await client.ask({ type: 'auth', credentials: { token: 'bob' } })).toMatchObject({ ok: false })
      expect(await client.closed).toMatchObject({ code: 4401 })
    })

    it('that have expired end the connection with 4401', async () => {
      const server = await serve({ authenticate: () => ({ user: 'ann', expiresInMs: 50 }) })
      const client = await open(server)
      await client.ask(ann)
      expect(await client.closed).toEqual({ code: 4401, reason: 'the credentials have expired' })
    })
  })

  describe('limits', () => {
    it('tell a message when to come again', async () => {
      const server = await serve()
      const client = await open(server)
      await client.ask({ type: 'join', channel: 'orders' })
      server.limit('messages', 500)
      const { error } = await client.ask({ type: 'publish', channel: 'orders', event: 'place', key: 'k1' })
      expect(error).toMatchObject({ code: 'rate-limited' })
      const { retryAfterMs } = error as { readonly retryAfterMs: number }
      await new Promise(resolve => setTimeout(resolve, retryAfterMs))
      expect(await client.ask({ type: 'publish', channel: 'orders', event: 'place', key: 'k1' })).toMatchObject({
        ok: true,
      })
      expect(server.published.length).toBe(1)
    })

    it('tell a connection when to come again', async () => {
      const server = await serve()
      server.limit('connections', 60_000)
      const { code, reason } = await (await open(server)).closed
      expect(code).toBe(4429)
      const { retryAfterMs } = JSON.parse(reason) as { readonly retryAfterMs: number }
      expect(retryAfterMs).toBeGreaterThan(50_000)
      expect(server.peakConnections()).toBe(0)
    })
  })

  describe('faults', () => {
    it('silence: nothing goes in or out on what is open, and new connections work', async () => {
      const server = await serve()
      const client = await open(server)
      await client.ask({ type: 'join', channel: 'orders' })
      server.silence()
      server.tick('orders')
      client.send({ type: 'publish', id: 7, channel: 'orders', event: 'place' })
      const other = await open(server)
      await other.ask({ type: 'publish', channel: 'orders', event: 'other' })
      expect(server.published.map(({ event }) => event)).toEqual(['other'])
      expect([client.of('event'), server.connections()]).toEqual([[], 2])
      await server.cut()
    })
  })
})

describe('WebSockets only', () => {
  const open = async (server: WebSocketServer): Promise<WireClient> => {
    const client = await openSocket(server)
    ends.push(() => client.end())
    return client
  }

  it('cut ends a connection without a close code', async () => {
    const server = await serve()
    const client = await open(server)
    await server.cut()
    expect(server.connections()).toBe(0)
    expect(await client.closed).toMatchObject({ code: 1006 })
  })

  it('what speaks another subprotocol is closed with 4400', async () => {
    const socket = new WebSocket((await serve()).socketUrl)
    expect((await once(socket, 'close')).map(String)).toEqual(['4400', 'expected the subprotocol partyline.v1'])
  })

  it.each([
    ['no JSON', '{'],
    ['no message', 'null'],
    ['a binary frame without a header', Buffer.from([0, 0])],
    ['a binary frame that ends within its header', Buffer.from([0, 0, 0, 9, 123])],
    ['a binary frame whose header is no JSON', Buffer.from([0, 0, 0, 1, 33])],
    ['a binary frame whose header is no object', Buffer.from([0, 0, 0, 1, 49])],
  ])('%s ends the connection with 4400', async (_, frame) => {
    const socket = await plainSocket(await serve())
    socket.send(frame)
    expect((await once(socket, 'close'))[0]).toBe(4400)
  })

  it('what is too big ends the connection with 1009', async () => {
    const socket = await plainSocket(await serve({ maxMessageBytes: 100 }))
    socket.send('x'.repeat(101))
    expect((await once(socket, 'close'))[0]).toBe(1009)
  })

  it('a client that leaves a ping unanswered is gone, and one that answers stays', async () => {
    const server = await serve({ pingIntervalMs: 100 })
    const alive = await open(server)
    const dead = await plainSocket(server, { autoPong: false })
    await once(dead, 'close')
    await waitFor(() => server.connections() === 1, 'one connection')
    expect(await alive.ask({ type: 'join', channel: 'orders' })).toMatchObject({ ok: true })
  })

  it('raw frames reach the client as they are', async () => {
    const server = await serve()
    const socket = await plainSocket(server)
    const frames: [string, boolean][] = []
    socket.on('message', (frame, isBinary) => frames.push([(frame as Buffer).toString('latin1'), isBinary]))
    server.sendRaw('{"type":')
    server.sendRaw(Uint8Array.from([0, 255]))
    await waitFor(() => frames.length === 2, 'both frames')
    expect(frames).toEqual([
      ['{"type":', false],
      ['\u0000\u00ff', true],
    ])
  })

  async function plainSocket(server: WebSocketServer, options: { autoPong?: boolean } = {}): Promise<WebSocket> {
    const socket = new WebSocket(server.socketUrl, 'partyline.v1', options)
    ends.push(() => socket.terminate())
    await once(socket, 'open')
    return socket
  }
})

describe('event streams only', () => {
  const open = async (server: WebSocketServer): Promise<WireClient> => {
    const client = await openStream(server)
    ends.push(() => client.end())
    return client
  }

  it('a stream that breaks goes on where it was: no joining again, nothing lost, nothing twice', async () => {
    const server = await serve()
    const client = await open(server)
    await client.ask({ type: 'join', channel: 'orders' })
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 10; n++) server.tick('orders')
      await server.cut()
      for (let n = 0; n < 10; n++) server.tick('orders')
      await waitFor(() => client.of('event').length === 20 * (round + 1), 'all of this round')
    }
    expect(numbers(client)).toEqual(fromTo(1, 60))
    expect(client.of('open').map(({ resumed }) => resumed)).toEqual([false, true, true, true])
    expect(server.joins).toEqual(['orders'])
  })

  it('an answer that was under way when the stream broke comes with the next one', async () => {
    const answers: (() => void)[] = []
    const server = await serve({ handle: (_, answer) => void answers.push(() => answer({ ok: true, reply: 'late' })) })
    const client = await open(server)
    const asked = client.ask({ type: 'publish', channel: 'orders', event: 'place' })
    await waitFor(() => answers.length === 1, 'the message')
    await server.cut()
    answers[0]?.()
    expect(await asked).toMatchObject({ ok: true, reply: 'late' })
  })

  it.each([
    ['the server has waited long enough', { keptMs: 0, retryMs: 200 }],
    ['more came than is kept', { maxKept: 2 }],
  ])('a session is a new one where %s', async (_, options) => {
    const server = await serve(options)
    const client = await open(server)
    await client.ask({ type: 'join', channel: 'orders' })
    await server.cut()
    for (let n = 0; n < 4; n++) server.tick('orders')
    await waitFor(() => client.of('open').length === 2, 'the next stream')
    expect(client.of('open').map(({ resumed }) => resumed)).toEqual([false, false])
    await client.ask({ type: 'join', channel: 'another' })
    expect(client.of('event')).toEqual([])
  })

  it('a client can end its session, and a stream can be asked for from an id', async () => {
    const server = await serve()
    const session = randomUUID()
    const first = await readStream(`${server.url}/events?session=${session}`)
    await post(server, session, { type: 'join', id: 1, channel: 'orders' })
    server.tick('orders')
    await waitFor(() => first.ids.length === 3, 'the event')
    const second = await readStream(`${server.url}/events?session=${session}&lastEventId=${first.ids[1]}`)
    await waitFor(() => second.messages.length === 2, 'the event again')
    expect(second.messages).toMatchObject([
      { type: 'open', resumed: true },
      { type: 'event', payload: { n: 1 } },
    ])
    await waitFor(() => first.hasEnded(), 'the end of the first stream')
    expect(server.connections()).toBe(1)
    await post(server, session, { type: 'close' })
    await waitFor(() => second.hasEnded(), 'the end of the second stream')
    expect(second.messages.at(-1)).toEqual({ type: 'close', code: 1000, reason: '' })
    expect(await post(server, session, { type: 'ping' })).toBe(404)
  })

  it('several messages in one request are handled in order', async () => {
    const server = await serve({ passesOn: true })
    const session = randomUUID()
    const stream = await readStream(`${server.url}/events?session=${session}`)
    const publish = (id: number): object => ({
      type: 'publish',
      id,
      channel: 'orders',
      event: 'place',
      payload: { n: id },
    })
    await post(server, session, [{ type: 'join', id: 0, channel: 'orders' }, ...fromTo(1, 20).map(publish)])
    await waitFor(() => stream.messages.length === 42, 'all events and answers')
    const inOrder = (type: string, of: (message: ServerSays) => unknown): unknown[] =>
      stream.messages.filter(message => message.type === type).map(of)
    expect(inOrder('event', ({ payload }) => (payload as { n: number }).n)).toEqual(fromTo(1, 20))
    expect(inOrder('ack', ({ id }) => id)).toEqual(fromTo(0, 20))
  })

  it('requests that make no sense are refused', async () => {
    const server = await serve({ maxMessageBytes: 100 })
    const session = randomUUID()
    await readStream(`${server.url}/events?session=${session}`)
    expect((await fetch(`${server.url}/events?session=short`)).status).toBe(400)
    expect((await fetch(`${server.url}/publish?session=${session}`)).status).toBe(404)
    expect((await fetch(`${server.url}/publish?session=${session}`, { method: 'POST', body: '{' })).status).toBe(400)
    expect(await post(server, session, { type: 'publish', payload: 'x'.repeat(100) })).toBe(413)
    expect(await post(server, randomUUID(), { type: 'ping' })).toBe(404)
    expect(await post(server, session, { type: 'ping' })).toBe(202)
  })

  it('pages of other origins are answered', async () => {
    const server = await serve()
    const response = await fetch(`${server.url}/publish`, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-headers': 'content-type' },
    })
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example')
    expect(response.headers.get('access-control-allow-credentials')).toBe('true')
  })

  it('raw text reaches the client as it is, and comments go out meanwhile', async () => {
    const server = await serve({ pingIntervalMs: 20 })
    const stream = await readStream(`${server.url}/events?session=${randomUUID()}`)
    server.sendRaw('data: {"type":\n\n')
    await waitFor(() => stream.text().includes('data: {"type":\n\n') && stream.text().includes('\n:\n\n'), 'both')
  })

  async function post(server: WebSocketServer, session: string, body: object): Promise<number> {
    const url = `${server.url}/publish?session=${session}`
    return (await fetch(url, { method: 'POST', body: JSON.stringify(body) })).status
  }
})

interface RawStream {
  readonly messages: readonly ServerSays[]
  readonly ids: readonly string[]
  text(): string
  hasEnded(): boolean
}

/** By fetch, as it comes. */
async function readStream(url: string): Promise<RawStream> {
  const stopping = new AbortController()
  ends.push(() => stopping.abort())
  const { body } = await fetch(url, { signal: stopping.signal })
  let text = ''
  let isOver = false
  const linesOf = (field: string): string[] =>
    text.split('\n').flatMap(line => (line.startsWith(`${field}: `) ? [line.slice(field.length + 2)] : []))
  const stream: RawStream = {
    get messages() {
      return linesOf('data').map(line => JSON.parse(line) as ServerSays)
    },
    get ids() {
      return linesOf('id')
    },
    text: () => text,
    hasEnded: () => isOver,
  }
  const reading = async (): Promise<void> => {
    for await (const chunk of body ?? []) text += Buffer.from(chunk).toString()
  }
  void reading()
    .catch(() => {})
    .finally(() => {
      isOver = true
    })
  await waitFor(() => text.includes('"open"'), 'the stream')
  return stream
}

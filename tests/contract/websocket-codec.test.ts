import { readFileSync } from 'node:fs'
import { WebSocketServer, type WebSocket } from 'ws'
import { afterEach, describe, expect, it } from 'vitest'
import { UpstreamError, webSocket, type Codec } from '../../src/worker/transports/websocket.ts'
import { chatCodec } from '../support/codecs/chat-codec.ts'
import { recordLink, type RecordedLink } from '../support/conformance/recorded-link.ts'
import { waitFor } from '../support/line/wait-for.ts'
import '../support/line/web-socket.ts'

const ends: (() => unknown)[] = []
afterEach(() => {
  for (const end of ends.splice(0).toReversed()) end()
})

interface Server {
  readonly url: string
  readonly heard: readonly string[]
  readonly protocols: readonly string[]
  send(frame: string | Uint8Array): void
  connections(): number
}

/** A server that says only what `answer` returns. */
async function serve(answer: (frame: string) => string | undefined = () => undefined): Promise<Server> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  const heard: string[] = []
  const protocols: string[] = []
  server.on('connection', (socket: WebSocket) => {
    protocols.push(socket.protocol)
    socket.on('message', frame => {
      const text = (frame as Buffer).toString()
      heard.push(text)
      const reply = answer(text)
      if (reply !== undefined) socket.send(reply)
    })
  })
  ends.push(() => {
    for (const socket of server.clients) socket.terminate()
    server.close()
  })
  await new Promise(resolve => server.once('listening', resolve))
  return {
    url: `ws://127.0.0.1:${(server.address() as { port: number }).port}`,
    heard,
    protocols,
    send(frame) {
      for (const socket of server.clients) socket.send(frame)
    },
    connections: () => server.clients.size,
  }
}

function speak(server: Server, codec: Codec, token?: string): RecordedLink {
  const recorded = recordLink({
    transport: () => webSocket({ url: server.url, codec, pingMs: 100, pongMs: 300 }),
    credentials: () => (token === undefined ? undefined : { token }),
  })
  ends.push(() => recorded.link.close())
  return recorded
}

const signal = new AbortController().signal

describe('the codec in the documentation', () => {
  function answer(text: string): string | undefined {
    const { op, id, room, kind, token } = JSON.parse(text) as { readonly [field: string]: string }
    switch (op) {
      case 'hello':
        return token === 'ann' ? '{"op":"welcome"}' : undefined
      case 'enter':
        return room === 'secret'
          ? '{"op":"denied","room":"secret","why":"members only"}'
          : JSON.stringify({ op: 'entered', room })
      case 'send':
        return kind === 'silent' ? undefined : JSON.stringify({ op: 'sent', id })
      case 'ping':
        return '{"op":"pong"}'
      default:
        return undefined
    }
  }

  it('is the one that is tested here', () => {
    const page = readFileSync(new URL('../../docs/transports/websocket.md', import.meta.url), 'utf8')
    const file = readFileSync(new URL('../support/codecs/chat-codec.ts', import.meta.url), 'utf8')
    expect(page).toContain(
      file.replace(/'[./]*src\/worker\/transports\/websocket\.ts'/, "'partyline/worker/websocket'"),
    )
    expect(file.split('\n').length).toBeLessThanOrEqual(40)
  })

  it('opens, joins, is refused, publishes, hears, leaves', async () => {
    const server = await serve(answer)
    const { link, open, join, events, told } = speak(server, chatCodec, 'ann')
    await open()
    await join('lobby')
    await expect(join('secret')).rejects.toMatchObject({ kind: 'refused', message: 'members only' })
    await link.publish({ channel: 'lobby', event: 'said', payload: { text: 'hi' } }, signal)
    server.send('{"op":"message","room":"lobby","kind":"said","body":{"text":"ho"}}')
    await waitFor(() => events('lobby').length === 1, 'the event')
    expect(events('lobby')).toMatchObject([{ event: 'said', payload: { text: 'ho' } }])
    link.leave('lobby')
    await waitFor(() => server.heard.includes('{"op":"exit","room":"lobby"}'), 'the leave')
    server.send('{"op":"news"}')
    server.send('not json')
    await waitFor(() => told.length === 3, 'what makes no sense')
    expect(told.slice(1)).toEqual([
      { type: 'malformed', kind: 'unknown-op' },
      { type: 'malformed', kind: 'unreadable' },
    ])
  })

  it('has its pings answered, and finds out where they are not', async () => {
    let isDeaf = false
    const server = await serve(text => (isDeaf ? undefined : answer(text)))
    const { open, lost } = speak(server, chatCodec, 'ann')
    await open()
    await waitFor(() => server.heard.filter(text => text.includes('ping')).length >= 3, 'pings')
    isDeaf = true
    expect(await lost()).toMatchObject({ kind: 'network' })
    await waitFor(() => server.connections() === 0, 'the end')
  })

  it('waits for the welcome as long as it is let', async () => {
    const server = await serve(answer)
    const { open, told } = speak(server, chatCodec, 'bob')
    const abort = new AbortController()
    const opening = open({ signal: abort.signal })
    await waitFor(() => server.heard.length === 1, 'the greeting')
    abort.abort(new UpstreamError('network', 'too late'))
    await expect(opening).rejects.toMatchObject({ message: 'too late' })
    await waitFor(() => server.connections() === 0, 'the end')
    expect(told).toEqual([])
  })
})

/** A protocol with nothing but events: two bytes of channel and event, the rest is the payload. */
const bareCodec: Codec = {
  subprotocols: ['bare'],
  offers: { binary: true },
  encode: ({ channel, event, payload }) =>
    Uint8Array.of(channel.charCodeAt(0), event.charCodeAt(0), ...(payload as Uint8Array)),
  decode(data) {
    const [channel = 0, event = 0, ...payload] = new Uint8Array(data as ArrayBuffer)
    return {
      type: 'event',
      channel: String.fromCharCode(channel),
      event: String.fromCharCode(event),
      payload: Uint8Array.from(payload),
    }
  },
}

describe('a protocol that has nothing but events', () => {
  it('is open with its socket, joins nothing and waits for no answer', async () => {
    const server = await serve()
    const { link, open, join, events } = speak(server, bareCodec)
    await open()
    await join('c')
    await link.publish({ channel: 'c', event: 'e', payload: Uint8Array.of(65) }, signal)
    link.leave('c')
    await waitFor(() => server.heard.length > 0, 'the message')
    expect(server.heard).toEqual(['ceA'])
    expect(server.protocols).toEqual(['bare'])
    server.send(Buffer.from('ceB'))
    await waitFor(() => events('c').length === 1, 'the event')
    expect(events('c')).toMatchObject([{ event: 'e', payload: Uint8Array.of(66) }])
  })

  it('offers nothing else', () => {
    const { capabilities, create } = webSocket({ url: 'ws://localhost', codec: bareCodec })
    expect(capabilities).toEqual({ binary: true, presence: false, ping: false, renewal: false })
    const deaf = (): void => {}
    const link = create({
      event: deaf,
      continuity: deaf,
      channelLost: deaf,
      lost: deaf,
      presence: deaf,
      degraded: deaf,
      malformed: deaf,
      authorise: () => Promise.reject(new Error('nobody is there')),
    })
    expect([link.track, link.untrack, link.renew, link.publishBatch]).toEqual(Array(4).fill(undefined))
  })

  it('refuses channels with parameters', async () => {
    const server = await serve()
    const { open, join } = speak(server, bareCodec)
    await open()
    await expect(join('orders\n{"status":"new"}')).rejects.toMatchObject({ kind: 'refused' })
  })
})

/** Filters are parameters of a channel, and its events say which they are of. */
const filteringCodec: Codec = {
  ...chatCodec,
  hello: () => undefined,
  offers: { filters: true },
  join: ({ channel, params }) => JSON.stringify({ op: 'enter', room: channel, params }),
  decode(data) {
    const { op, room, params } = JSON.parse(data as string) as { op: string; room: string; params: object }
    const channel = { name: room, params: { ...params } }
    return op === 'pong'
      ? { type: 'pong' }
      : op === 'entered'
        ? { type: 'joined', channel }
        : { type: 'event', channel, event: 'row', payload: params }
  },
}

describe('a protocol whose channels have parameters', () => {
  it('is told them with the join, and tells them with each event', async () => {
    const server = await serve(text => {
      const { op, ...rest } = JSON.parse(text) as { readonly op: string }
      return op === 'ping' ? '{"op":"pong"}' : JSON.stringify({ op: 'entered', ...rest })
    })
    const { open, join, events } = speak(server, filteringCodec)
    await open()
    const [grill, bar] = ['orders\n{"station":"grill"}', 'orders\n{"station":"bar"}']
    await Promise.all([join(grill), join(bar)])
    server.send('{"op":"row","room":"orders","params":{"station":"bar"}}')
    await waitFor(() => events(bar).length === 1, 'the event')
    expect(events(grill)).toEqual([])
  })
})

describe('a codec that breaks its promises', () => {
  it.each([
    ['throws', () => JSON.parse('{') as never],
    ['returns nothing', () => undefined as never],
    ['returns what it should not', () => [{ type: 'surprise' }, { type: 'event', channel: 7 }] as never],
  ])('that %s breaks nothing else', async (_, decode) => {
    const server = await serve()
    const { open, ofType, link } = speak(server, { ...bareCodec, decode })
    await open()
    server.send('anything')
    await waitFor(() => ofType('malformed').length > 0, 'the report')
    expect(new Set(ofType('malformed').map(({ kind }) => kind))).toEqual(new Set(['unreadable']))
    expect(() => link.publish({ channel: 'c', event: 'e', payload: null }, signal)).toThrow(
      expect.objectContaining({ code: 'invalid-payload' }),
    )
  })
})

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { EventSource } from 'eventsource'
import { WebSocket } from 'ws'
import { waitFor } from '../../line/wait-for.ts'
import type { WebSocketServer } from './websocket-server.ts'

export interface ServerSays {
  readonly type: string
  readonly id?: number
  readonly [field: string]: unknown
}

export interface Closing {
  readonly code: number
  readonly reason: string
}

/** A client of docs/websocket-protocol.md that does nothing by itself. */
export interface WireClient {
  /** All messages of the server, in order. */
  readonly heard: readonly ServerSays[]
  /** Those of one type. */
  of(type: string): readonly ServerSays[]
  send(message: object): void
  /** Gives the message an id, and resolves with the answer to it. */
  ask(message: object): Promise<ServerSays>
  readonly closed: Promise<Closing>
  end(): void
}

/** Over a plain WebSocket. */
export async function openSocket(server: Pick<WebSocketServer, 'socketUrl'>): Promise<WireClient> {
  const socket = new WebSocket(server.socketUrl, 'partyline.v1')
  const heard: ServerSays[] = []
  socket.on('message', (frame, isBinary) => heard.push(read(frame as Buffer, isBinary)))
  socket.on('error', () => {})
  const closed = once(socket, 'close').then(([code, reason]) => ({ code: code as number, reason: String(reason) }))
  await once(socket, 'open')
  return {
    ...hearing(heard, message => socket.send(write(message))),
    closed,
    end: () => socket.terminate(),
  }
}

/** Over an event stream, which comes back by itself when it breaks, and one POST after the other. */
export async function openStream(server: Pick<WebSocketServer, 'url'>): Promise<WireClient> {
  const session = randomUUID()
  const heard: ServerSays[] = []
  const source = new EventSource(`${server.url}/events?session=${session}`)
  const closed = new Promise<Closing>(resolve => {
    source.addEventListener('message', ({ data }: { data: string }) => {
      const message = withBytes(JSON.parse(data) as ServerSays)
      heard.push(message)
      if (message.type !== 'close') return
      source.close()
      resolve({ code: message['code'] as number, reason: String(message['reason']) })
    })
  })
  let posts: Promise<unknown> = Promise.resolve()
  const post = (message: object): Promise<unknown> =>
    fetch(`${server.url}/publish?session=${session}`, { method: 'POST', body: JSON.stringify(withText(message)) })
  await waitFor(() => heard.length > 0, 'the stream')
  return {
    ...hearing(heard, message => {
      posts = posts.then(() => post(message)).catch(() => {})
    }),
    closed,
    end: () => source.close(),
  }
}

function hearing(heard: readonly ServerSays[], send: (message: object) => void) {
  let lastId = 0
  const answerTo = (wanted: number) => heard.find(({ type, id }) => type === 'ack' && id === wanted)
  return {
    heard,
    send,
    of: (wanted: string) => heard.filter(({ type }) => type === wanted),
    ask(message: object): Promise<ServerSays> {
      const id = ++lastId
      send({ ...message, id })
      return waitFor(() => answerTo(id), `the answer to ${JSON.stringify(message)}`)
    },
  }
}

/** By hand, as a client of another make would do it. */
function write(message: object): string | Uint8Array {
  const { payload, ...header } = message as { readonly payload?: unknown }
  if (!(payload instanceof Uint8Array)) return JSON.stringify(message)
  const json = new TextEncoder().encode(JSON.stringify(header))
  const frame = new Uint8Array(4 + json.length + payload.length)
  new DataView(frame.buffer).setUint32(0, json.length)
  frame.set(json, 4)
  frame.set(payload, 4 + json.length)
  return frame
}

function read(frame: Buffer, isBinary: boolean): ServerSays {
  if (!isBinary) return JSON.parse(frame.toString()) as ServerSays
  const end = 4 + new DataView(frame.buffer, frame.byteOffset).getUint32(0)
  const header = JSON.parse(new TextDecoder().decode(frame.subarray(4, end))) as ServerSays
  return { ...header, payload: new Uint8Array(frame.subarray(end)) }
}

function withText(message: object): object {
  const { payload, ...rest } = message as { readonly payload?: unknown }
  return payload instanceof Uint8Array ? { ...rest, payloadBase64: btoa(String.fromCodePoint(...payload)) } : message
}

function withBytes({ payloadBase64, ...message }: ServerSays): ServerSays {
  if (typeof payloadBase64 !== 'string') return message
  return { ...message, payload: Uint8Array.from(atob(payloadBase64), character => character.codePointAt(0) ?? 0) }
}

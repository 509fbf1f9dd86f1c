import { once } from 'node:events'
import { WebSocket } from 'ws'
import { waitFor } from '../../line/wait-for.ts'
import type { SupabaseServer } from './supabase-server.ts'

export interface Heard {
  readonly topic: string
  readonly event: string
  readonly payload: unknown
}

/** A client that joins and listens, does nothing by itself, and takes whatever comes. */
export interface WireClient {
  /** All broadcasts, in order; bytes as a Buffer. */
  readonly broadcasts: readonly Heard[]
  /** Resolves when the server has answered. */
  join(topic: string, config?: object, token?: string): Promise<void>
  push(topic: string, event: string, payload: object): Promise<void>
  /** May be called twice. */
  end(): Promise<void>
}

type Answer = { readonly status: string }

export async function openWireClient(server: SupabaseServer): Promise<WireClient> {
  const url = `${server.url.replace('http', 'ws')}/realtime/v1/websocket?vsn=2.0.0&apikey=${server.anonKey}`
  const socket = new WebSocket(url)
  const broadcasts: Heard[] = []
  const answers = new Map<string, Answer>()
  const joinRefs = new Map<string, string>()
  let lastRef = 0
  socket.on('error', () => {})
  socket.on('message', (data, isBinary) => {
    if (isBinary) broadcasts.push(...readBroadcast(data as Buffer))
    else noteAnswer(answers, (data as Buffer).toString())
  })
  await once(socket, 'open')

  async function ask(topic: string, event: string, payload: object, isJoin = false): Promise<void> {
    const ref = String(++lastRef)
    if (isJoin) joinRefs.set(topic, ref)
    socket.send(JSON.stringify([joinRefs.get(topic) ?? null, ref, `realtime:${topic}`, event, payload]))
    const { status } = await waitFor(() => answers.get(ref), `the answer to ${event}`)
    if (status !== 'ok') throw new Error(`${event} was refused`)
  }

  return {
    broadcasts,
    join: (topic, config = {}, token) =>
      ask(topic, 'phx_join', { config, ...(token === undefined ? {} : { access_token: token }) }, true),
    push: ask,
    async end() {
      if (socket.readyState === WebSocket.CLOSED) return
      const closed = once(socket, 'close')
      socket.terminate()
      await closed
    },
  }
}

function noteAnswer(answers: Map<string, Answer>, text: string): void {
  try {
    const [, ref, , event, payload] = JSON.parse(text) as readonly [unknown, string, string, string, Answer]
    if (event === 'phx_reply') answers.set(ref, payload)
  } catch {
    // What tests inject is not for this client.
  }
}

function readBroadcast(frame: Buffer): readonly Heard[] {
  try {
    const [, topicLength = 0, eventLength = 0, metaLength = 0, encoding] = frame
    const texts = [topicLength, eventLength, metaLength]
    const [topic = '', event = ''] = texts.map((length, index) => {
      const start = 5 + texts.slice(0, index).reduce((sum, one) => sum + one, 0)
      return frame.toString('utf8', start, start + length)
    })
    const body = frame.subarray(5 + topicLength + eventLength + metaLength)
    const payload: unknown = encoding === 1 ? JSON.parse(body.toString()) : body
    return [{ topic: topic.replace('realtime:', ''), event, payload }]
  } catch {
    return []
  }
}

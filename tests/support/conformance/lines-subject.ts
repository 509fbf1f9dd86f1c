import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { lines } from './lines-transport.ts'
import type { HostileFrame, Subject, SubjectServer } from './subject.ts'

/** The example of docs/transports.md, at a server that is as small. */
export const linesSubject: Subject = {
  name: 'lines',
  start,
}

const HOSTILE: readonly HostileFrame[] = [
  { raw: '{"channel":"elsewhere","event":"e"}\n', outcome: 'unrouted' },
  { raw: 'no JSON\n', outcome: 'malformed' },
  { raw: '{"channel":7}\n', outcome: 'malformed' },
  { raw: 'null\n', outcome: 'malformed' },
]

interface Message {
  readonly type: 'join' | 'leave' | 'publish'
  readonly channel: string
  readonly event: string
  readonly payload: unknown
}

interface Client {
  readonly answer: ServerResponse
  readonly joined: Set<string>
}

async function start(): Promise<SubjectServer> {
  const clients = new Map<string, Client>()
  const received: Message[] = []
  let ids = 0
  let tokens = 0
  let refusesAll = false
  let retryAfterMs: number | undefined

  function welcome(answer: ServerResponse): void {
    if (retryAfterMs !== undefined) return end(answer, 429, {}, { 'retry-after': String(retryAfterMs / 1_000) })
    if (refusesAll) return end(answer, 401)
    const id = `client-${++ids}`
    clients.set(id, { answer, joined: new Set() })
    answer.on('close', () => clients.delete(id))
    answer.writeHead(200).write(`${id}\n`)
  }

  async function take(id: string, request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const message = JSON.parse(await text(request)) as Message
    const { type, channel, event } = message
    if (type === 'publish') received.push(message)
    if (channel === 'secret' || event === 'refuse') return end(answer, 403)
    if (event === 'silent') return
    if (type === 'join') clients.get(id)?.joined.add(channel)
    if (type === 'leave') clients.get(id)?.joined.delete(channel)
    end(answer, 200)
  }

  const http = createServer((request, answer) => {
    const [, id = ''] = /^\/line\/(.+)/.exec(request.url ?? '') ?? []
    if (request.method === 'GET') welcome(answer)
    else void take(id, request, answer).catch(() => answer.destroy())
  })
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo

  return {
    transport: () => lines(`http://127.0.0.1:${port}/line`),
    credentials: () => ({ token: `token-${++tokens}` }),
    connections: () => clients.size,
    channels: { open: 'orders', other: 'floor', forbidden: 'secret' },
    events: { refused: 'refuse', silent: 'silent' },
    async emit(channel, event, payload) {
      const line = `${JSON.stringify({ channel, event, payload })}\n`
      for (const { answer, joined } of clients.values()) if (joined.has(channel)) answer.write(line)
    },
    received: () => received.map(({ channel, event, payload }) => ({ channel, event, payload })),
    async cut() {
      http.closeAllConnections()
      while (clients.size > 0) await new Promise(resolve => setImmediate(resolve))
    },
    refuseCredentials(isRefused) {
      refusesAll = isRefused
    },
    limitRate(ms) {
      retryAfterMs = ms
    },
    inject(raw) {
      for (const { answer } of clients.values()) answer.write(raw)
    },
    hostile: HOSTILE,
    async close() {
      http.closeAllConnections()
      await new Promise(resolve => http.close(resolve))
    },
  }
}

function end(answer: ServerResponse, status: number, body: object = {}, headers: Record<string, string> = {}): void {
  answer.writeHead(status, headers).end(JSON.stringify(body))
}

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Hub } from './hub.ts'
import { toFields } from './join-config.ts'
import { roomName } from './rooms.ts'

/** What a message needs whoever sends it. */
interface Message {
  readonly topic: string
  readonly event: string
  readonly isPrivate: boolean
  readonly payload: unknown
}

type Answer = readonly [status: number, body?: object]

const batchPath = '/realtime/v1/api/broadcast'
const singlePath = /^\/realtime\/v1\/api\/broadcast\/([^/]+)\/events\/([^/]+)$/

const allowAll = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*',
  'access-control-allow-methods': 'POST, OPTIONS',
}

/** Broadcasts by HTTP: several messages in one request, or one whose body is its payload, JSON or binary. */
export async function answerHttp(hub: Hub, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [status, body] = request.method === 'OPTIONS' ? [204] : await answer(hub, request)
  response.writeHead(status, { ...allowAll, 'content-type': 'application/json' })
  response.end(body === undefined ? '' : JSON.stringify(body))
}

async function answer(hub: Hub, request: IncomingMessage): Promise<Answer> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const single = singlePath.exec(pathname)
  if (request.method !== 'POST' || (pathname !== batchPath && single === null)) return [404, { error: 'not found' }]
  const verdict = hub.tokens.read(bearerOf(request))
  if (!verdict.isValid) return [401, { message: 'Unauthorized' }]
  const body = await bodyOf(request)
  const mayWrite = ({ topic, isPrivate }: Message): boolean => !isPrivate || hub.policy(topic, verdict.claims).mayWrite
  try {
    if (single === null) return sendBatch(hub, parseBatch(body).filter(mayWrite))
    const [, topic = '', event = ''] = single.map(decodeURIComponent)
    const message = { topic, event, isPrivate: searchParams.get('private') === 'true' }
    const isBinary = request.headers['content-type'] === 'application/octet-stream'
    const payload: unknown = isBinary ? body : JSON.parse(body.toString())
    return sendSingle(hub, { ...message, payload }, mayWrite({ ...message, payload }))
  } catch (error) {
    return [422, { error: String(error) }]
  }
}

function sendBatch(hub: Hub, messages: readonly Message[]): Answer {
  for (const { topic, event, isPrivate, payload } of messages) {
    if (!hub.messageRate.take()) return tooMany
    hub.rooms.broadcastText(roomName(topic, isPrivate), { type: 'broadcast', event, payload })
  }
  return [202]
}

function sendSingle(hub: Hub, { topic, event, isPrivate, payload }: Message, mayWrite: boolean): Answer {
  if (!mayWrite) return [403, { error: 'You do not have permissions to write to this topic' }]
  if (!hub.messageRate.take()) return tooMany
  const isBinary = Buffer.isBuffer(payload)
  const body = isBinary ? payload : Buffer.from(JSON.stringify(payload))
  hub.rooms.broadcast(roomName(topic, isPrivate), { event, encoding: isBinary ? 'binary' : 'json', body })
  return [202]
}

const tooMany: Answer = [429, { error: 'You have exceeded your rate limit' }]

function parseBatch(body: Buffer): readonly Message[] {
  const { messages } = toFields(JSON.parse(body.toString()))
  if (!Array.isArray(messages)) throw new Error('`messages` has to be a list')
  return messages.map(toFields).map(({ topic, event, payload, private: isPrivate }) => {
    if (typeof topic !== 'string' || typeof event !== 'string' || typeof payload !== 'object') {
      throw new Error('a message has a topic, an event and a payload that is a map')
    }
    return { topic, event, payload, isPrivate: isPrivate === true }
  })
}

function bearerOf({ headers }: IncomingMessage): string {
  const [, token] = /^bearer (.+)$/i.exec(headers.authorization ?? '') ?? []
  return token ?? String(headers['apikey'] ?? '')
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

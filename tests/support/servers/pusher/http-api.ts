import type { App } from './app.ts'
import { channelKind } from './channel-kind.ts'
import type { Channels } from './channels.ts'
import { parseObject } from './messages.ts'
import { ok, refuse, type Reply } from './reply.ts'
import { requestRefusal, type SignedRequest } from './signature.ts'
import type { Users } from './users.ts'

interface HttpApiDeps {
  readonly app: App
  readonly channels: Channels
  readonly users: Users
}

interface TriggeredEvent {
  readonly name: string
  readonly data: string
  readonly channels: readonly string[]
  /** A recipient to leave out: who caused the event knows of it. */
  readonly socketId: string | undefined
  /** Attributes of the channels to answer with. */
  readonly info: readonly string[]
}

type Fields = { readonly [name: string]: unknown }
type Answer = (request: SignedRequest, name: string) => Reply

const MAX_EVENT_BYTES = 10 * 1024
const MAX_CHANNELS = 100
const MAX_BATCH = 10
const MAX_NAME_LENGTH = 200
const TERMINATED = 4009

/** What an app's server may ask: the part of Pusher's HTTP API that is about events, channels and users. */
export class HttpApi {
  readonly #deps: HttpApiDeps
  readonly #routes: readonly (readonly [method: string, path: RegExp, answer: Answer])[] = [
    ['POST', /^\/events$/, ({ body }) => this.#trigger(body)],
    ['POST', /^\/batch_events$/, ({ body }) => this.#triggerBatch(body)],
    ['GET', /^\/channels$/, ({ query }) => this.#list(query)],
    ['GET', /^\/channels\/([^/]+)$/, ({ query }, name) => this.#describe(name, infoOf(query))],
    ['GET', /^\/channels\/([^/]+)\/users$/, (_, name) => this.#members(name)],
    ['POST', /^\/users\/([^/]+)\/terminate_connections$/, (_, user) => this.#terminate(user)],
  ]

  constructor(deps: HttpApiDeps) {
    this.#deps = deps
  }

  /** `request.path` begins with `/apps/<id>/`. */
  answer(request: SignedRequest): Reply {
    const { app } = this.#deps
    const base = `/apps/${app.id}`
    if (!request.path.startsWith(`${base}/`)) return refuse(404, 'Unknown app')
    const refusal = requestRefusal(app, request)
    if (refusal !== undefined) return refuse(401, refusal)
    const path = request.path.slice(base.length)
    for (const [method, pattern, answer] of this.#routes) {
      const match = method === request.method ? pattern.exec(path) : null
      if (match !== null) return answer(request, decodeURIComponent(match[1] ?? ''))
    }
    return refuse(404, `There is no ${request.method} ${path}`)
  }

  #trigger(body: string): Reply {
    const event = parseEvent(parseObject(body))
    if (typeof event === 'string') return refuse(400, event)
    if (isTooBig(event)) return refuse(413, `The data of an event may have ${MAX_EVENT_BYTES} bytes`)
    this.#publish(event)
    if (event.info.length === 0) return ok()
    return ok({ channels: Object.fromEntries(event.channels.map(name => [name, this.#attributes(name, event.info)])) })
  }

  #triggerBatch(body: string): Reply {
    const batch = parseObject(body)?.['batch']
    if (!Array.isArray(batch) || batch.length > MAX_BATCH)
      return refuse(400, `batch is to have up to ${MAX_BATCH} events`)
    const events = batch.map(event => parseEvent(event as Fields))
    const unreadable = events.find(event => typeof event === 'string')
    if (unreadable !== undefined) return refuse(400, unreadable)
    const readable = events.filter(event => typeof event === 'object')
    if (readable.some(isTooBig)) return refuse(413, `The data of an event may have ${MAX_EVENT_BYTES} bytes`)
    for (const event of readable) this.#publish(event)
    if (readable.every(({ info }) => info.length === 0)) return ok()
    return ok({ batch: readable.map(({ channels: [name = ''], info }) => this.#attributes(name, info)) })
  }

  #publish({ name, data, channels, socketId }: TriggeredEvent): void {
    for (const channel of channels) this.#deps.channels.publish(channel, { event: name, channel, data }, socketId)
  }

  #list(query: URLSearchParams): Reply {
    const prefix = query.get('filter_by_prefix') ?? ''
    const info = infoOf(query)
    if (info.includes('user_count') && !prefix.startsWith('presence-'))
      return refuse(400, 'user_count is only known of presence channels: filter_by_prefix=presence-')
    const names = this.#deps.channels.occupied.map(({ name }) => name).filter(name => name.startsWith(prefix))
    return ok({ channels: Object.fromEntries(names.map(name => [name, this.#attributes(name, info)])) })
  }

  #describe(name: string, info: readonly string[]): Reply {
    const channel = this.#deps.channels.get(name)
    return ok({ occupied: channel !== undefined, ...this.#attributes(name, info) })
  }

  #members(name: string): Reply {
    if (channelKind(name)?.isPresence !== true) return refuse(400, `${name} is no presence channel`)
    const members = this.#deps.channels.get(name)?.members ?? []
    return ok({ users: members.map(({ id }) => ({ id })) })
  }

  #terminate(user: string): Reply {
    for (const connection of this.#deps.users.connectionsOf(user))
      connection.end(TERMINATED, 'You got disconnected by the app')
    return ok()
  }

  #attributes(name: string, info: readonly string[]): object {
    const channel = this.#deps.channels.get(name)
    const isPresence = channelKind(name)?.isPresence === true
    return {
      ...(info.includes('subscription_count') ? { subscription_count: channel?.subscriptionCount ?? 0 } : {}),
      ...(info.includes('user_count') && isPresence ? { user_count: channel?.members.length ?? 0 } : {}),
      ...(info.includes('cache') && channelKind(name)?.isCache ? { cache: this.#deps.channels.cached(name) } : {}),
    }
  }
}

/** Or what is wrong with it. */
function parseEvent(event: Fields | undefined): TriggeredEvent | string {
  const { name, data, channel, channels = [channel], socket_id: socketId, info } = event ?? {}
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_LENGTH)
    return `name is to be a text of up to ${MAX_NAME_LENGTH} characters`
  if (typeof data !== 'string') return 'data is to be a text'
  if (!Array.isArray(channels) || channels.length > MAX_CHANNELS)
    return `channels is to have up to ${MAX_CHANNELS} names`
  if (!channels.every(isChannelName)) return 'channels holds what is no name of a channel'
  const exceptSocketId = typeof socketId === 'string' ? socketId : undefined
  return { name, data, channels, socketId: exceptSocketId, info: typeof info === 'string' ? info.split(',') : [] }
}

function isChannelName(name: unknown): name is string {
  return typeof name === 'string' && channelKind(name) !== undefined
}

function isTooBig({ data }: TriggeredEvent): boolean {
  return Buffer.byteLength(data) > MAX_EVENT_BYTES
}

function infoOf(query: URLSearchParams): readonly string[] {
  return query.get('info')?.split(',') ?? []
}

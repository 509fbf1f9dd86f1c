import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ChangeSource } from './change-source.ts'
import { Changes } from './changes.ts'
import type { Channel } from './channel.ts'
import { Gate } from './gate.ts'
import { answerHttp } from './http-broadcast.ts'
import type { Hub } from './hub.ts'
import type { JoinConfig } from './join-config.ts'
import { signToken, type Claims } from './jwt.ts'
import { Rate, type Limits } from './limits.ts'
import { roomName, Rooms } from './rooms.ts'
import { defaultPolicy, Tokens, type Policy } from './tokens.ts'

export interface SupabaseServerOptions {
  /** A port to come back on after a restart. @default any free one */
  readonly port?: number
  /** Where row changes come from; closed by whoever opened it. @default none: a channel that asks for them is told so */
  readonly changes?: ChangeSource
  /** Signs keys and tokens; the same one again makes the same keys. @default a fixed one */
  readonly secret?: string
  /** Who may read and write private channels. @default {@link defaultPolicy} */
  readonly policy?: Policy
  readonly limits?: Limits
  /** How long a refused join waits for its answer; Supabase takes 5 000. @default 0 */
  readonly joinErrorDelayMs?: number
}

export interface JoinRecord {
  /** Without `realtime:`. */
  readonly topic: string
  readonly config: JoinConfig
}

export interface SupabaseServer {
  /** For `createClient`; `RealtimeClient` takes it with `/realtime/v1`. */
  readonly url: string
  readonly port: number
  /** The public key that every client needs. */
  readonly anonKey: string
  /** A token for these claims; `role` is `authenticated` and it is good for an hour unless they say otherwise. */
  token(claims?: Partial<Claims>): string

  /** Connections now, and the most that there ever were at once. */
  connections(): number
  peakConnections(): number
  /** Handshakes that were answered with a refusal since the start. */
  refusedConnections(): number
  /** Joins since the start, also refused ones, and the topics that were left by `phx_leave`. */
  readonly joins: readonly JoinRecord[]
  readonly leaves: readonly string[]

  /** Channels that are held by this token now. */
  holders(token: string): number

  /** Broadcasts to a topic as another client would. */
  broadcast(topic: string, event: string, payload: object, options?: { readonly isPrivate?: boolean }): void
  /** From now on this token joins nothing, and the channels that it holds are closed with a `system` message. */
  revoke(token: string): void
  /** This token counts as expired from now on, which ends the channels that it holds. */
  expire(token: string): void
  /** Closes the topic's channels with a `system` message that says why; clients do not join again by themselves. */
  shutDown(topic: string, message: string): void
  /** Ends the topic's channels with `phx_error`, after which clients join again by themselves. */
  crash(topic: string): void
  /** Answers every new connection with this HTTP status instead; 0 lets them in again. */
  refuseConnections(status: number): void
  /** Closes every WebSocket with this code. */
  closeAll(code: number): void
  /** Breaks every TCP connection without a word, as a network does. Resolves when the server has noticed. */
  cut(): Promise<void>
  /** Present connections get no more answers although they stay open; new ones do. */
  silence(): void
  /** Sends a raw WebSocket message to every client, a Buffer as binary. */
  inject(raw: string | Buffer): void
  /** Breaks everything off and stops listening. May be called twice. */
  close(): Promise<void>
}

const defaultSecret = 'a-secret-of-at-least-32-characters'
const longExpiry = Date.UTC(2100, 0, 1) / 1000

/** A server that speaks as Supabase Realtime does, for the tests' and the demo's real clients. */
export async function startSupabaseServer(options: SupabaseServerOptions = {}): Promise<SupabaseServer> {
  const { secret = defaultSecret } = options
  const joins: JoinRecord[] = []
  const leaves: string[] = []
  const hub = createHub(options, secret, joins, leaves)
  const http = createServer((request, response) => void answerHttp(hub, request, response))
  const gate = new Gate(hub, http)
  http.listen(options.port ?? 0, '127.0.0.1')
  await once(http, 'listening')
  const { port } = http.address() as AddressInfo

  const channels = (): readonly Channel[] => gate.connections.flatMap(connection => connection.channels)
  const ofTopic = (topic: string): readonly Channel[] => channels().filter(channel => channel.topic === topic)

  async function closeAll(): Promise<void> {
    const closed = once(http, 'close')
    hub.changes.close()
    http.close()
    http.closeAllConnections()
    await gate.cut()
    await closed
  }
  let closing: Promise<void> | undefined
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    anonKey: signToken({ role: 'anon', exp: longExpiry }, secret),
    token: claims =>
      signToken({ role: 'authenticated', exp: Math.floor(Date.now() / 1000) + 3_600, ...claims }, secret),
    connections: () => gate.connections.length,
    peakConnections: () => gate.peak,
    refusedConnections: () => gate.refused,
    joins,
    leaves,
    holders: token => channels().filter(channel => channel.holds(token)).length,
    broadcast(topic, event, payload, { isPrivate = false } = {}) {
      const body = Buffer.from(JSON.stringify(payload))
      hub.rooms.broadcast(roomName(topic, isPrivate), { event, encoding: 'json', body })
    },
    revoke(token) {
      hub.tokens.revoke(token)
      for (const channel of channels()) if (channel.holds(token)) channel.shutDown(noLongerAllowed(channel.topic))
    },
    expire(token) {
      hub.tokens.expire(token)
      for (const channel of channels()) if (channel.holds(token)) channel.judgeAnew()
    },
    shutDown(topic, message) {
      for (const channel of ofTopic(topic)) channel.shutDown(message)
    },
    crash(topic) {
      for (const channel of ofTopic(topic)) channel.crash()
    },
    refuseConnections: status => gate.refuseAll(status),
    closeAll(code) {
      for (const connection of gate.connections) connection.close(code)
    },
    cut: () => gate.cut(),
    silence() {
      for (const connection of gate.connections) connection.silence()
    },
    inject(raw) {
      for (const connection of gate.connections) connection.inject(raw)
    },
    close: () => (closing ??= closeAll()),
  }
}

function createHub(options: SupabaseServerOptions, secret: string, joins: JoinRecord[], leaves: string[]): Hub {
  const { changes, policy = defaultPolicy, limits = {}, joinErrorDelayMs = 0 } = options
  return {
    rooms: new Rooms(),
    changes: new Changes(changes),
    tokens: new Tokens(secret),
    policy,
    limits,
    joinRate: new Rate(limits.joinsPerSecond, 1_000),
    messageRate: new Rate(limits.messagesPerSecond, 1_000),
    joinErrorDelayMs,
    onJoin: (topic, config) => joins.push({ topic, config }),
    onLeave: topic => leaves.push(topic),
  }
}

const noLongerAllowed = (topic: string): string =>
  `You no longer have permission to read from this Channel topic: ${topic}`

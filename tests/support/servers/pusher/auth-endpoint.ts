import type { IncomingHttpHeaders } from 'node:http'
import type Pusher from 'pusher'
import { ok, refuse, type Reply } from './reply.ts'

export interface AuthRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Who asked for what, in order of arrival; also those that were refused. */
export interface AuthEntry {
  /** `undefined` for a sign-in. */
  readonly channel: string | undefined
  readonly socketId: string
  readonly user: string
  readonly status: number
}

/**
 * What an app's server does for its users: it signs what they may join, with the official library. Who asks is told by
 * the parameter `user_id`, the fixed user `guest` without one.
 */
export class AuthEndpoint {
  readonly log: AuthEntry[] = []
  readonly #sdk: Pusher
  readonly #refusedUsers = new Set<string>()
  readonly #refusedChannels = new Set<string>()
  #token: string | undefined

  constructor(sdk: Pusher) {
    this.#sdk = sdk
  }

  refuseUser(user: string): void {
    this.#refusedUsers.add(user)
  }

  refuseChannel(channel: string): void {
    this.#refusedChannels.add(channel)
  }

  /** From here on everybody needs `Authorization: Bearer <token>`; with `undefined` nobody does. */
  demandToken(token: string | undefined): void {
    this.#token = token
  }

  answer({ path, headers, body }: AuthRequest): Reply {
    const fields = new URLSearchParams(body)
    const user = fields.get('user_id') ?? 'guest'
    const socketId = fields.get('socket_id') ?? ''
    const channel = path === '/pusher/user-auth' ? undefined : (fields.get('channel_name') ?? '')
    const reply = this.#refusal(headers, user, channel) ?? this.#sign(socketId, user, channel, fields)
    this.log.push({ channel, socketId, user, status: reply.status })
    return reply
  }

  #refusal({ authorization }: IncomingHttpHeaders, user: string, channel: string | undefined): Reply | undefined {
    if (this.#token !== undefined && authorization !== `Bearer ${this.#token}`) return refuse(401, 'Wrong token')
    if (this.#refusedUsers.has(user)) return refuse(403, `${user} may not`)
    if (channel !== undefined && this.#refusedChannels.has(channel)) return refuse(403, `Nobody may join ${channel}`)
    return undefined
  }

  #sign(socketId: string, user: string, channel: string | undefined, fields: URLSearchParams): Reply {
    const info = { name: `The user ${user}` }
    try {
      if (channel === undefined) {
        const watchlist = fields.get('watchlist')?.split(',') ?? []
        return ok(this.#sdk.authenticateUser(socketId, { id: user, user_info: info, watchlist }))
      }
      const data = channel.startsWith('presence-') ? { user_id: user, user_info: info } : undefined
      return ok(this.#sdk.authorizeChannel(socketId, channel, data))
    } catch (error) {
      return refuse(400, String(error))
    }
  }
}

import type { Credentials } from '../../protocol/index.ts'
import { toUpstreamError, UpstreamError, type AuthorisationRequest, type TransportSink } from '../upstream/transport.ts'
import {
  isExpired,
  parseJson,
  readChannelAnswer,
  readUserAnswer,
  toEndpointError,
  type ChannelAnswer,
  type UserAnswer,
} from './pusher-answers.ts'
import type { ChannelKind } from './pusher-channel-kind.ts'
import type { PusherEndpoint, PusherFields, PusherOptions } from './pusher-options.ts'

/** Gets the signatures that Pusher wants, from the app's server or from a tab. */
export class Authoriser {
  readonly #options: PusherOptions
  readonly #ask: TransportSink['authorise']
  /** The connection's own, sent along to endpoints. */
  credentials: Credentials | undefined

  constructor(options: PusherOptions, ask: TransportSink['authorise']) {
    this.#options = options
    this.#ask = ask
  }

  /** Rejects with an {@link UpstreamError}, `refused` when this user may not join the channel. */
  async channel(channel: string, socketId: string, kind: ChannelKind, signal: AbortSignal): Promise<ChannelAnswer> {
    const { channelAuthorization: endpoint } = this.#options
    const asked = { channel, socketId }
    const answer =
      endpoint === undefined
        ? await this.#ask(asked)
        : await this.#post(endpoint, { socket_id: socketId, channel_name: channel }, signal)
    return readChannelAnswer(answer, kind)
  }

  /** Rejects with an {@link UpstreamError}, `credentials` when the user is none of the app's. */
  async user(socketId: string, signal: AbortSignal): Promise<UserAnswer> {
    try {
      return readUserAnswer(await this.#askForUser({ socketId }, signal))
    } catch (error) {
      const { kind, message, details } = toUpstreamError(error)
      throw kind === 'refused' ? new UpstreamError('credentials', message, { details }) : error
    }
  }

  #askForUser(asked: AuthorisationRequest, signal: AbortSignal): Promise<unknown> {
    const { userAuthentication: how } = this.#options
    if (how === 'tab' || how === undefined) return this.#ask(asked)
    return this.#send(how, { socket_id: String(asked['socketId']) }, signal).then(read)
  }

  /** What has expired is asked for anew, once. */
  async #post(endpoint: PusherEndpoint, body: Fields, signal: AbortSignal): Promise<unknown> {
    const used = this.credentials
    const response = await this.#send(endpoint, body, signal)
    if (!isExpired(response.status)) return read(response)
    // Of several channels that find it out at once, the first has it renewed.
    if (used === this.credentials) await this.#renew(response)
    return this.#send(endpoint, body, signal).then(read)
  }

  async #renew(refusal: Response): Promise<void> {
    try {
      this.credentials = await this.#ask({})
    } catch {
      await read(refusal)
    }
  }

  async #send(endpoint: PusherEndpoint, body: Fields, signal: AbortSignal): Promise<Response> {
    const { headers = bearer, params = {}, withCredentials = false } = endpoint
    try {
      return await fetch(endpoint.endpoint, {
        method: 'POST',
        headers: this.#fields(headers),
        body: new URLSearchParams({ ...this.#fields(params), ...body }),
        credentials: withCredentials ? 'include' : 'same-origin',
        signal,
      })
    } catch (error) {
      throw toUpstreamError(error)
    }
  }

  #fields(fields: PusherFields): Fields {
    return typeof fields === 'function' ? fields(this.credentials) : fields
  }
}

type Fields = { readonly [name: string]: string }

function bearer(credentials: Credentials | undefined): Fields {
  const token = credentials?.['token']
  return typeof token === 'string' ? { authorization: `Bearer ${token}` } : {}
}

/** @throws UpstreamError for any other answer than a good one */
async function read(response: Response): Promise<unknown> {
  const text = await response.text()
  if (!response.ok) throw toEndpointError(response.status, response.headers.get('retry-after'), text)
  return parseJson(text)
}

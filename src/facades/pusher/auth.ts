import type {
  AuthOptions,
  ChannelAuthorizationHandler,
  EndpointOptions,
  Options,
  UserAuthenticationHandler,
} from './types.ts'
import type { Pusher } from './pusher.ts'

interface Refusal extends Error {
  readonly status?: number
}

type Endpoint = Partial<EndpointOptions> & { readonly customHandler?: unknown }
type Fields = { readonly [name: string]: string }
type Answer = (error: Refusal | null, data: unknown) => void

const SEE = 'See: https://pusher.com/docs/channels/server_api/'

/** How a channel is authorised, as the options have it. */
export function channelAuthorizer(pusher: Pusher): ChannelAuthorizationHandler {
  const { options } = pusher
  const endpoint = channelEndpoint(options)
  if (endpoint.customHandler) return endpoint.customHandler as ChannelAuthorizationHandler
  const post = poster(
    endpoint,
    'channel-authorization',
    `Clients must be authorized to join private or presence channels. ${SEE}authorizing-users/`,
  )
  const { authorizer } = options
  if (!authorizer || options.channelAuthorization)
    return ({ socketId, channelName }, callback) =>
      post({ socket_id: socketId, channel_name: channelName }, callback as Answer)
  const { transport, endpoint: authEndpoint, params, headers } = endpoint as EndpointOptions
  const asked = { authTransport: transport, authEndpoint, auth: { params, headers } as AuthOptions }
  return ({ socketId, channelName }, callback) =>
    authorizer(pusher.channel(channelName), asked).authorize(socketId, callback)
}

/** How the user is signed in, as the options have it. */
export function userAuthenticator({ userAuthentication }: Options): UserAuthenticationHandler {
  const endpoint: Endpoint = { ...AJAX, endpoint: '/pusher/user-auth', ...userAuthentication }
  if (endpoint.customHandler) return endpoint.customHandler as UserAuthenticationHandler
  const post = poster(endpoint, 'user-authentication', `${SEE}authenticating_users`)
  return ({ socketId }, callback) => post({ socket_id: socketId }, callback as Answer)
}

/** What tells one user from another, as far as the options show it. */
export function visibleIdentity({ options }: Pusher): unknown {
  return [channelEndpoint(options), options.userAuthentication ?? {}].map(endpoint => [
    fieldsOf(endpoint as Endpoint, 'params'),
    fieldsOf(endpoint as Endpoint, 'headers'),
  ])
}

const AJAX = { transport: 'ajax' } as const

function channelEndpoint({ channelAuthorization, authTransport, authEndpoint, auth }: Options): Endpoint {
  const defaults = { ...AJAX, endpoint: '/pusher/auth' }
  if (channelAuthorization) return { ...defaults, ...channelAuthorization }
  return { transport: authTransport || 'ajax', endpoint: authEndpoint || defaults.endpoint, ...auth }
}

function fieldsOf(endpoint: Endpoint, name: 'params' | 'headers'): Fields {
  return { ...endpoint[name], ...endpoint[`${name}Provider`]?.() } as Fields
}

function poster(options: Endpoint, what: string, advice: string): (body: Fields, answer: Answer) => void {
  const { transport, endpoint = '' } = options
  // oxlint-disable-next-line typescript/only-throw-error -- as in pusher-js
  if (transport !== 'ajax') throw `'${transport}' is not a recognized auth transport`
  return (body, answer) => {
    const asked = fetch(endpoint, {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', ...fieldsOf(options, 'headers') },
      body: new URLSearchParams({ ...body, ...fieldsOf(options, 'params') }).toString(),
    })
    void asked
      .then(async response => [response.status, await response.text()] as const)
      .catch(() => [0, ''] as const)
      .then(([status, text]) => {
        if (status === 200) return answer(...parsed(text, what))
        const why = `received status: ${status} from ${endpoint}. ${advice}`
        answer(refusal(status, `Unable to retrieve auth string from ${what} endpoint - ${why}`), null)
      })
  }
}

function parsed(text: string, what: string): Parameters<Answer> {
  try {
    return [null, JSON.parse(text)]
  } catch {
    const message = `JSON returned from ${what} endpoint was invalid, yet status code was 200. Data was: ${text}`
    return [refusal(200, message), null]
  }
}

function refusal(status: number, message: string): Refusal {
  return Object.assign(new Error(message), { status })
}

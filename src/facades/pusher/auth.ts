/** Loaded when this tab is asked to authorise something. */
import { endpointsOf, fieldsOf, type Endpoint, type Fields } from './endpoints.ts'
import type { Pusher } from './pusher.ts'
import type { ChannelAuthorizationHandler, UserAuthenticationHandler } from './types.ts'

interface Refusal extends Error {
  readonly status?: number
}

type Answer = (error: Refusal | null, data: object | null) => void

const SEE = 'See: https://pusher.com/docs/channels/server_api/'

/** Resolves with what the broker is to hear, be it a refusal. */
export async function authoriseChannel(pusher: Pusher, socketId: string, channelName: string): Promise<object> {
  const { options, user } = pusher
  const [endpoint] = endpointsOf(options)
  const { authorizer, channelAuthorization } = options
  const given = await answered(callback => {
    if (endpoint.customHandler)
      return (endpoint.customHandler as ChannelAuthorizationHandler)({ socketId, channelName }, callback)
    if (!authorizer || channelAuthorization)
      return post(
        endpoint,
        'channel-authorization',
        `Clients must be authorized to join private or presence channels. ${SEE}authorizing-users/`,
        { socket_id: socketId, channel_name: channelName },
        callback,
      )
    const { transport = 'ajax', endpoint: authEndpoint = '', params, headers } = endpoint
    authorizer(pusher.channel(channelName), {
      authTransport: transport,
      authEndpoint,
      auth: { params, headers },
    }).authorize(socketId, callback)
  })
  // Then it is the user who is signed in.
  if (!channelName.startsWith('presence-') || 'error' in given || 'channel_data' in given) return given
  await user.signinDonePromise
  return user.user_data ? given : refusalOf({})
}

/** Resolves with what the broker is to hear, be it a refusal. */
export async function authenticateUser({ options }: Pusher, socketId: string): Promise<object> {
  const [, endpoint] = endpointsOf(options)
  return answered(callback => {
    if (endpoint.customHandler) (endpoint.customHandler as UserAuthenticationHandler)({ socketId }, callback)
    else post(endpoint, 'user-authentication', `${SEE}authenticating_users`, { socket_id: socketId }, callback)
  })
}

/** Rejects with what the app's own function throws. */
function answered(ask: (callback: Answer) => void): Promise<object> {
  return new Promise(resolve => ask((error, data) => resolve(error ? refusalOf(error) : (data ?? {}))))
}

function refusalOf({ message, status }: Partial<Refusal>): object {
  const refusal = { type: 'AuthError', error: message, ...(status === undefined ? {} : { status }) }
  return { error: String(message), details: { refusal } }
}

function post(options: Endpoint, what: string, advice: string, body: Fields, answer: Answer): void {
  const { endpoint = '' } = options
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
      answer(withStatus(status, `Unable to retrieve auth string from ${what} endpoint - ${why}`), null)
    })
}

function parsed(text: string, what: string): Parameters<Answer> {
  try {
    return [null, JSON.parse(text) as object]
  } catch {
    const message = `JSON returned from ${what} endpoint was invalid, yet status code was 200. Data was: ${text}`
    return [withStatus(200, message), null]
  }
}

function withStatus(status: number, message: string): Refusal {
  return Object.assign(new Error(message), { status })
}

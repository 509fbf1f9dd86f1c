/** Where an app's options say that this user is to be signed for. */
import type { EndpointOptions, Options } from './types.ts'

export type Endpoint = Partial<EndpointOptions> & { readonly customHandler?: unknown }
export type Fields = { readonly [name: string]: string }

/** For channels, and for the user. */
export function endpointsOf(options: Options): readonly [Endpoint, Endpoint] {
  const { channelAuthorization, authTransport, authEndpoint, auth, userAuthentication } = options
  const before = { transport: authTransport || 'ajax', endpoint: authEndpoint || '/pusher/auth', ...auth } as const
  return [
    channelAuthorization ? { transport: 'ajax', endpoint: '/pusher/auth', ...channelAuthorization } : before,
    { transport: 'ajax', endpoint: '/pusher/user-auth', ...userAuthentication },
  ]
}

/** Those that are given, and those that are made anew each time. */
export function fieldsOf(endpoint: Endpoint, name: 'params' | 'headers'): Fields {
  return { ...endpoint[name], ...endpoint[`${name}Provider`]?.() } as Fields
}

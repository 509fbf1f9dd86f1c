/** The options of pusher-js, and what they call back with. */
import type { Channel } from './channel.ts'

export interface ChannelAuthorizationData {
  auth: string
  channel_data?: string
  shared_secret?: string
}

export interface UserAuthenticationData {
  auth: string
  user_data: string
}

export type ChannelAuthorizationCallback = (error: Error | null, authData: ChannelAuthorizationData | null) => void
export type UserAuthenticationCallback = (error: Error | null, authData: UserAuthenticationData | null) => void

export interface ChannelAuthorizationRequestParams {
  socketId: string
  channelName: string
}

export interface UserAuthenticationRequestParams {
  socketId: string
}

export type ChannelAuthorizationHandler = (
  params: ChannelAuthorizationRequestParams,
  callback: ChannelAuthorizationCallback,
) => void

export type UserAuthenticationHandler = (
  params: UserAuthenticationRequestParams,
  callback: UserAuthenticationCallback,
) => void

export interface EndpointOptions {
  transport: 'ajax' | 'jsonp'
  endpoint: string
  // oxlint-disable-next-line typescript/no-explicit-any -- as in pusher-js
  params?: any
  // oxlint-disable-next-line typescript/no-explicit-any -- as in pusher-js
  headers?: any
  // oxlint-disable-next-line typescript/no-explicit-any -- as in pusher-js
  paramsProvider?: () => any
  // oxlint-disable-next-line typescript/no-explicit-any -- as in pusher-js
  headersProvider?: () => any
}

export type ChannelAuthorizationOptions = EndpointOptions | { customHandler: ChannelAuthorizationHandler }
export type UserAuthenticationOptions = EndpointOptions | { customHandler: UserAuthenticationHandler }

export interface AuthOptions {
  // oxlint-disable-next-line typescript/no-explicit-any -- as in pusher-js
  params?: any
  // oxlint-disable-next-line typescript/no-explicit-any -- as in pusher-js
  headers?: any
}

export interface Authorizer {
  authorize(socketId: string, callback: ChannelAuthorizationCallback): void
}

export type AuthorizerGenerator = (
  channel: Channel,
  options: { authTransport: 'ajax' | 'jsonp'; authEndpoint: string; auth?: AuthOptions },
) => Authorizer

export interface Options {
  cluster: string
  /** Whose line it is; nothing crosses scopes. @default made of key, server and the credentials in these options */
  scope?: string
  auth?: AuthOptions
  authEndpoint?: string
  authTransport?: 'ajax' | 'jsonp'
  authorizer?: AuthorizerGenerator
  channelAuthorization?: ChannelAuthorizationOptions
  userAuthentication?: UserAuthenticationOptions
  forceTLS?: boolean
  unavailableTimeout?: number
  wsHost?: string
  wsPort?: number
  wssPort?: number
  // These belong to the worker, which has its own.
  activityTimeout?: number
  pongTimeout?: number
  enableStats?: boolean
  disableStats?: boolean
  disabledTransports?: readonly string[]
  enabledTransports?: readonly string[]
  httpHost?: string
  httpPath?: string
  httpPort?: number
  httpsPort?: number
  ignoreNullOrigin?: boolean
  nacl?: unknown
  statsHost?: string
  timelineParams?: unknown
  wsPath?: string
}

export interface ClusterOptions {
  appKey: string
  cluster: string
}

export { useWorker } from '../line-for.ts'
export type { Channel, PresenceChannel } from './channel.ts'
export type { ConnectionManager } from './connection.ts'
export type { Members } from './members.ts'
export type {
  AuthOptions,
  Authorizer,
  AuthorizerGenerator,
  AuthOptions as DeprecatedAuthOptions,
  AuthorizerGenerator as ChannelAuthorizerGenerator,
  ChannelAuthorizationCallback as AuthorizerCallback,
  ChannelAuthorizationCallback,
  ChannelAuthorizationHandler,
  ChannelAuthorizationOptions,
  Options,
  UserAuthenticationCallback,
  UserAuthenticationHandler,
  UserAuthenticationOptions,
} from './types.ts'
// oxlint-disable-next-line import/no-default-export -- as in pusher-js
export { Pusher as default } from './pusher.ts'

/** What is public of pusher-js fits the face, and the other way round where the class there is not closed. */
import type PusherJs from 'pusher-js'
import Pusher, {
  type AuthorizerCallback,
  type ChannelAuthorizationCallback,
  type ChannelAuthorizationHandler,
  type Members,
  type Options,
  type UserAuthenticationHandler,
} from '../../src/facades/pusher/index.ts'

type Original = PusherJs.default

declare const options: PusherJs.Options
declare const face: Pusher
declare const members: Members
declare const handler: ChannelAuthorizationHandler
declare const userHandler: UserAuthenticationHandler
declare const callback: ChannelAuthorizationCallback

// An app's options go on.
const same: Options = {
  ...options,
  authorizer: () => ({ authorize: (_socketId, answer) => answer(null, { auth: '' }) }),
}
void new Pusher('key', same)

// What has no private parts in pusher-js takes the face's in its place.
const asMembers: Omit<PusherJs.Members, 'addMember' | 'onSubscription' | 'removeMember' | 'setMyID'> = members
const asHandler: PusherJs.ChannelAuthorizationHandler = handler
const asUserHandler: PusherJs.UserAuthenticationHandler = userHandler
const asCallback: PusherJs.ChannelAuthorizationCallback = callback
const asAuthorizerCallback: PusherJs.AuthorizerCallback = callback satisfies AuthorizerCallback
void [asMembers, asHandler, asUserHandler, asCallback, asAuthorizerCallback]

// Of the classes, which have private parts there: each method can be called as it is there.
type Calls<T, Name extends keyof T> = {
  [name in Name]: T[name] extends (...args: infer Args) => unknown ? Args : never
}

type OfPusher =
  | 'allChannels'
  | 'bind'
  | 'bind_global'
  | 'channel'
  | 'connect'
  | 'disconnect'
  | 'send_event'
  | 'shouldUseTLS'
  | 'signin'
  | 'subscribe'
  | 'subscribeAll'
  | 'switchCluster'
  | 'unbind'
  | 'unbind_all'
  | 'unbind_global'
  | 'unsubscribe'
const callsOfPusher: Calls<Pusher, OfPusher> = {} as Calls<Original, OfPusher>

type OfChannel = 'bind' | 'bind_global' | 'emit' | 'trigger' | 'unbind' | 'unbind_all' | 'unbind_global'
const callsOfChannel: Calls<ReturnType<Pusher['subscribe']>, OfChannel> = {} as Calls<PusherJs.Channel, OfChannel>

type OfConnection = 'bind' | 'connect' | 'disconnect' | 'isUsingTLS' | 'send_event' | 'unbind' | 'unbind_all'
const callsOfConnection: Calls<Pusher['connection'], OfConnection> = {} as Calls<
  PusherJs.ConnectionManager,
  OfConnection
>
void [callsOfPusher, callsOfChannel, callsOfConnection]

const sent: ReturnType<Original['send_event']> = face.send_event('client-e', {}, 'private-c')
const state: Original['connection']['state'] = face.connection.state
const id: Original['connection']['socket_id'] = face.connection.socket_id
const isSubscribed: PusherJs.Channel['subscribed'] = face.subscribe('orders').subscribed
void [sent, state, id, isSubscribed]

// @ts-expect-error the cluster is missing, as it is there
void new Pusher('key', {})

// @ts-expect-error a channel has a name
face.subscribe()

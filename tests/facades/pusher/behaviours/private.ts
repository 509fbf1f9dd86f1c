import type { Channel, ChannelAuthorizationCallback } from 'pusher-js'
import type { Behaviour } from '../behaviour.ts'
import type { Api } from '../page/api.ts'

type ChannelAuthorizationData = NonNullable<Parameters<ChannelAuthorizationCallback>[1]>

const REFUSED = 'pusher:subscription_error'

/** Subscribes, notes the refusal and how the channel stands behind it. */
async function refused(api: Api, own: Parameters<Api['connected']>[0], name = 'private-orders'): Promise<Channel> {
  const pusher = await api.connected(own)
  const channel = pusher.subscribe(name)
  api.hear(channel, REFUSED, 'pusher:subscription_succeeded')
  await api.next(channel, REFUSED)
  api.note(channel.subscribed, channel.subscriptionPending)
  return channel
}

async function sign(
  { url }: Api,
  socketId: string,
  channel: string,
  callback: ChannelAuthorizationCallback,
): Promise<void> {
  const body = new URLSearchParams({ socket_id: socketId, channel_name: channel })
  const response = await fetch(`${url}/pusher/auth`, { method: 'POST', body })
  callback(null, (await response.json()) as ChannelAuthorizationData)
}

export const ofPrivateChannels: readonly Behaviour[] = [
  {
    name: 'a private channel is authorised at the endpoint, with the parameters',
    async run({ connected, subscribed, hear, server, settled, note }) {
      const channel = await subscribed(await connected(), 'private-orders')
      hear(channel, 'created')
      await server.trigger('private-orders', 'created', { id: 1 })
      await settled(channel)
      note(await server.asked())
    },
  },
  {
    name: 'an endpoint that refuses',
    async run(api) {
      await api.server.refuseChannel('private-orders')
      await refused(api, {})
      api.note(await api.server.asked())
    },
  },
  {
    name: 'whoever was refused may ask again',
    async run(api) {
      await api.server.demandToken('right')
      const headers: Record<string, string> = {}
      const channel = await refused(api, {
        channelAuthorization: { transport: 'ajax', endpoint: `${api.url}/pusher/auth`, headers },
      })
      headers['Authorization'] = 'Bearer right'
      channel.pusher.subscribe('private-orders')
      api.note(channel.subscriptionPending)
      await api.next(channel, 'pusher:subscription_succeeded')
    },
  },
  {
    name: 'an endpoint that is not there',
    run: async api =>
      void (await refused(api, { channelAuthorization: { transport: 'ajax', endpoint: `${api.url}/nowhere` } })),
  },
  {
    name: 'an endpoint that cannot be reached',
    run: async api =>
      void (await refused(api, { channelAuthorization: { transport: 'ajax', endpoint: 'http://127.0.0.1:9/auth' } })),
  },
  {
    name: 'an endpoint that answers with something else',
    async run(api) {
      const channelAuthorization = { transport: 'ajax' as const, endpoint: '/original.html' }
      const pusher = await api.connected({ channelAuthorization })
      const channel = pusher.subscribe('private-orders')
      const [{ error, ...refusal }] = (await api.next(channel, REFUSED)) as [{ error: string }]
      api.note(refusal, error.slice(0, 120))
    },
  },
  {
    name: 'headers and parameters, given and made anew for each request',
    async run(api) {
      await api.server.demandToken('right')
      let calls = 0
      const pusher = await api.connected({
        channelAuthorization: {
          transport: 'ajax',
          endpoint: `${api.url}/pusher/auth`,
          headers: { 'X-Other': 'too' },
          params: { other: 'too' },
          headersProvider: () => ({ Authorization: 'Bearer right' }),
          paramsProvider: () => ({ user_id: `user-${++calls}` }),
        },
      })
      await api.subscribed(pusher, 'private-a')
      await api.subscribed(pusher, 'private-b')
      api.note(await api.server.asked())
    },
  },
  {
    name: 'the options of before: authEndpoint and auth',
    async run({ options, Pusher, url, subscribed, server, next, note }) {
      await server.demandToken('right')
      const { channelAuthorization: _, ...rest } = options()
      const pusher = new Pusher('key', {
        ...rest,
        authEndpoint: `${url}/pusher/auth`,
        auth: { params: { user_id: 'bob' }, headers: { Authorization: 'Bearer right' } },
      })
      await next(pusher.connection, 'connected')
      await subscribed(pusher, 'private-orders')
      note(await server.asked())
      pusher.disconnect()
    },
  },
  {
    name: 'an authorizer is called with the channel and the options',
    async run(api) {
      const { options, Pusher, note, next, subscribed } = api
      const { channelAuthorization: _, ...rest } = options()
      const pusher = new Pusher('key', {
        ...rest,
        authEndpoint: '/mine',
        auth: { params: { a: 1 }, headers: { b: '2' } },
        authorizer: (channel, given) => ({
          authorize(socketId, callback) {
            note(channel, given, socketId === pusher.connection.socket_id)
            void sign(api, socketId, channel.name, callback)
          },
        }),
      })
      await next(pusher.connection, 'connected')
      await subscribed(pusher, 'private-orders')
      pusher.disconnect()
    },
  },
  {
    name: 'a customHandler is called with socket and channel',
    async run(api) {
      const pusher = await api.connected({
        channelAuthorization: {
          customHandler({ socketId, channelName, ...more }, callback) {
            api.note(channelName, more, socketId === pusher.connection.socket_id)
            void sign(api, socketId, channelName, callback)
          },
        },
      })
      await api.subscribed(pusher, 'private-orders')
    },
  },
  {
    name: 'a customHandler that refuses',
    run: async api =>
      void (await refused(api, {
        channelAuthorization: {
          customHandler: (_, callback) => queueMicrotask(() => callback(new Error('not you'), null)),
        },
      })),
  },
  {
    name: 'a signature that the server does not take',
    async run(api) {
      const channel = await refused(api, {
        channelAuthorization: { customHandler: (_, callback) => callback(null, { auth: 'key:wrong' }) },
      })
      api.note(channel.subscriptionCancelled)
    },
  },
  {
    name: 'a channel that nobody has to be asked for asks nobody',
    async run({ connected, subscribed, server, note }) {
      await subscribed(await connected(), 'orders')
      note(await server.asked())
    },
  },
  {
    name: 'after a reconnect private channels are authorised anew',
    async run({ connected, subscribed, server, next, note }) {
      const channel = await subscribed(await connected(), 'private-orders')
      const again = next(channel, 'pusher:subscription_succeeded')
      await server.closeAll(4200)
      await again
      note(await server.asked())
    },
  },
  {
    name: 'a client event reaches the others, and not whoever sends it',
    async run({ connected, subscribed, server, settled, hear, attempt, note }) {
      await server.join('bob', 'private-orders')
      const channel = await subscribed(await connected(), 'private-orders')
      hear(channel, 'client-typing')
      attempt('trigger', () => channel.trigger('client-typing', { who: 'ann', list: [1] }))
      note(await server.heardBy('bob', 'private-orders', 'client-typing'))
      await settled(channel)
      note(await server.clientEvents())
    },
  },
  {
    name: 'a client event reaches another instance in the same page',
    async run({ connected, subscribed, next, note }) {
      const one = await subscribed(await connected(), 'private-orders')
      const two = await subscribed(await connected(), 'private-orders')
      const heard = next(two, 'client-typing')
      one.trigger('client-typing', { n: 1, when: new Date(0), nothing: undefined })
      note(await heard)
    },
  },
  {
    name: 'a client event of somebody else comes with empty metadata in a private channel',
    async run({ connected, subscribed, server, next, note }) {
      const channel = await subscribed(await connected(), 'private-orders')
      await server.join('bob', 'private-orders')
      const heard = next(channel, 'client-typing')
      await server.whisper('bob', 'private-orders', 'client-typing', { who: 'bob' })
      note(await heard)
    },
  },
  {
    name: 'a client event has a name of its own kind',
    async run({ connected, subscribed, attempt }) {
      const channel = await subscribed(await connected(), 'private-orders')
      attempt('typing', () => channel.trigger('typing', {}))
      attempt('my-client-typing', () => channel.trigger('my-client-typing', {}))
    },
  },
  {
    name: 'a client event in a public channel: the server says what it thinks of it',
    async run({ connected, subscribed, attempt, hear, next }) {
      const pusher = await connected()
      const channel = await subscribed(pusher, 'orders')
      hear(pusher.connection, 'error')
      const error = next(pusher.connection, 'error')
      attempt('trigger', () => channel.trigger('client-typing', {}))
      await error
    },
  },
  {
    name: 'a client event before the channel is subscribed',
    async run({ connected, attempt, hear, next }) {
      const pusher = await connected()
      hear(pusher.connection, 'error')
      const error = next(pusher.connection, 'error')
      const channel = pusher.subscribe('private-orders')
      attempt('trigger', () => channel.trigger('client-typing', {}))
      await error
    },
  },
  {
    name: 'a client event while there is no connection',
    async run({ connected, subscribed, attempt }) {
      const pusher = await connected()
      const channel = await subscribed(pusher, 'private-orders')
      pusher.disconnect()
      attempt('trigger', () => channel.trigger('client-typing', {}))
    },
  },
  {
    name: 'more client events than the server takes',
    async run({ connected, subscribed, hear, next, server, note }) {
      const pusher = await connected()
      const channel = await subscribed(pusher, 'private-orders')
      hear(pusher.connection, 'error')
      const error = next(pusher.connection, 'error')
      const sent = Array.from({ length: 11 }, (_, n) => channel.trigger('client-n', n))
      await error
      note(sent, ((await server.clientEvents()) as unknown[]).length)
    },
  },
  {
    name: 'data that JSON cannot hold is an exception of trigger',
    async run({ connected, subscribed, note }) {
      const channel = await subscribed(await connected(), 'private-orders')
      const circle: Record<string, unknown> = {}
      circle['self'] = circle
      try {
        channel.trigger('client-circle', circle)
      } catch (error) {
        note((error as Error).name)
      }
    },
  },
  {
    name: 'an event that leaves out the own socket does not come',
    async run({ connected, subscribed, server, settled, hear, note }) {
      const pusher = await connected()
      const channel = await subscribed(pusher, 'private-orders')
      hear(channel, 'created')
      await server.trigger('private-orders', 'created', 1, pusher.connection.socket_id)
      await server.trigger('private-orders', 'created', 2)
      await settled(channel)
      note('end')
    },
  },
  {
    name: 'an encrypted channel, without the library for it',
    async run({ connected, hear, server, settled, next, note }) {
      const pusher = await connected()
      try {
        const channel = pusher.subscribe('private-encrypted-orders')
        hear(channel, 'created')
        await next(channel, 'pusher:subscription_succeeded')
        await server.trigger('private-encrypted-orders', 'created', { secret: 1 })
        await settled(channel)
        channel.trigger('client-typing', {})
      } catch (error) {
        note(error)
      }
    },
    differs: {
      row: '`private-encrypted-…`',
      face: [
        ['created', { secret: 1 }, {}],
        [{ error: 'Client events are not currently supported for encrypted channels' }],
      ],
    },
  },
]

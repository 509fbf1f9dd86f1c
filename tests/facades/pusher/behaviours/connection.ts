import type { Behaviour } from '../behaviour.ts'

const STATES = ['state_change', 'initialized', 'connecting', 'connected', 'unavailable', 'failed', 'disconnected']
const ERRORS = [...STATES, 'error', 'connecting_in']

const CONNECTING = ['state_change', { previous: 'connected', current: 'connecting' }]
const CONNECTED = [
  ['state_change', { previous: 'connecting', current: 'connected' }],
  ['connected', { socket_id: '<socket>' }],
]

/** What is heard of a close. */
function closed(code: number, message: string): unknown[] {
  const error = { type: 'PusherError', data: { code, message } }
  return [
    ['error', error],
    ['error', { type: 'WebSocketError', error }],
  ]
}

export const ofConnection: readonly Behaviour[] = [
  {
    name: 'is connecting as soon as it is made, and tells of each state',
    async run({ open, hear, next, note }) {
      const pusher = open()
      note(pusher.connection.state, pusher.connection.socket_id, pusher.key)
      hear(pusher.connection, ...STATES)
      await next(pusher.connection, 'connected')
      note(pusher.connection.state, pusher.connection.socket_id)
    },
  },
  {
    name: 'disconnect tells of its state at once, and connect begins anew',
    async run({ connected, hear, next, note }) {
      const pusher = await connected()
      hear(pusher.connection, ...STATES)
      pusher.disconnect()
      note(pusher.connection.state)
      pusher.connect()
      note(pusher.connection.state)
      await next(pusher.connection, 'connected')
    },
  },
  {
    name: 'connect does nothing where there is a connection, or one is being made',
    async run({ open, hear, next, server, note }) {
      const pusher = open()
      hear(pusher.connection, ...STATES)
      pusher.connect()
      await next(pusher.connection, 'connected')
      pusher.connect()
      pusher.connection.connect()
      note(pusher.connection.state, await server.connections())
    },
  },
  {
    name: 'disconnect while it is connecting',
    async run({ open, hear, note }) {
      const pusher = open()
      hear(pusher.connection, ...STATES)
      pusher.disconnect()
      note(pusher.connection.state)
      pusher.disconnect()
    },
  },
  {
    name: 'connecting anew in the middle of it comes to one connection',
    async run({ open, hear, next, server, until, note }) {
      const pusher = open()
      hear(pusher.connection, ...STATES)
      pusher.disconnect()
      pusher.connect()
      await next(pusher.connection, 'connected')
      await until(async () => (await server.connections()) === 1)
      note(pusher.connection.state)
    },
  },
  {
    name: 'what is missing when it is made is thrown as text',
    async run({ Pusher, attempt }) {
      const Untyped = Pusher as unknown as new (...args: unknown[]) => unknown
      attempt('no key', () => new Untyped())
      attempt('null', () => new Untyped(null, { cluster: 'eu' }))
      attempt('no options', () => new Untyped('key'))
      attempt('no cluster', () => new Untyped('key', {}))
    },
  },
  {
    name: 'an authorisation transport that nobody knows is refused',
    async run({ options, Pusher, attempt }) {
      const transport = 'pigeon' as 'ajax'
      const own = { transport, endpoint: '/auth' }
      attempt('channels', () => new Pusher('key', options({ channelAuthorization: own })))
      attempt('users', () => new Pusher('key', options({ userAuthentication: own })))
    },
  },
  {
    name: 'authorisation by a script',
    async run({ options, Pusher, attempt }) {
      const own = { transport: 'jsonp' as const, endpoint: '/auth' }
      attempt('channels', () => {
        const pusher = new Pusher('key', options({ channelAuthorization: own }))
        pusher.disconnect()
        return 'an instance'
      })
    },
    differs: {
      row: "`transport: 'jsonp'`",
      face: [['channels', 'throws', "'jsonp' is not a recognized auth transport"]],
    },
  },
  {
    name: 'the server ends all connections for a restart: the channels are there again behind it',
    async run({ connected, subscribed, hear, server, next, note }) {
      const pusher = await connected()
      const channel = await subscribed(pusher, 'orders')
      hear(pusher.connection, ...ERRORS)
      hear(channel, 'pusher:subscription_succeeded')
      const again = next(channel, 'pusher:subscription_succeeded')
      const lost = next(pusher.connection, 'connecting')
      await server.closeAll(4200, 'restart')
      await lost
      note(channel.subscribed, channel.subscriptionPending)
      await again
      note(channel.subscribed, channel.subscriptionPending, pusher.connection.state)
    },
    differs: {
      row: '`connecting_in`',
      face: [
        ...closed(4200, 'restart'),
        CONNECTING,
        ['connecting'],
        [false, false],
        ...CONNECTED,
        ['pusher:subscription_succeeded', {}],
        [true, false, 'connected'],
      ],
    },
  },
  {
    name: 'the socket has another id after a reconnect',
    async run({ connected, next, server, note }) {
      const { connection } = await connected()
      const before = connection.socket_id
      const again = next(connection, 'connected')
      await server.closeAll(4200)
      await again
      note(before === connection.socket_id)
    },
  },
  {
    name: 'the server is over capacity: says after how many seconds it is tried again',
    async run({ connected, hear, server, next }) {
      const { connection } = await connected()
      hear(connection, ...ERRORS)
      const again = next(connection, 'connected')
      await server.closeAll(4100, 'over capacity')
      await again
    },
    differs: {
      row: '`connecting_in`',
      face: [...closed(4100, 'over capacity'), ['connecting_in', 1], CONNECTING, ['connecting'], ...CONNECTED],
    },
  },
  {
    name: 'the network is gone for a moment',
    async run({ connected, hear, server, next }) {
      const { connection } = await connected()
      hear(connection, ...ERRORS)
      const again = next(connection, 'connected')
      await server.cut()
      await again
    },
    differs: {
      row: '`connecting_in`',
      face: [
        ['error', { type: 'PusherError', data: { code: 1006, message: '<undefined>' } }],
        CONNECTING,
        ['connecting'],
        ...CONNECTED,
      ],
    },
  },
  {
    name: 'the server ends the connection for good',
    async run({ connected, hear, server, next, note }) {
      const { connection } = await connected()
      hear(connection, ...ERRORS)
      const end = next(connection, 'disconnected')
      await server.closeAll(4009, 'not authorized')
      await end
      note(connection.state)
    },
  },
  {
    name: 'a code that is none of Pusher’s ends it for good, too',
    async run({ connected, hear, server, next }) {
      const { connection } = await connected()
      hear(connection, ...ERRORS)
      const end = next(connection, 'disconnected')
      await server.closeAll(4300, 'why not')
      await end
    },
  },
  {
    name: 'the server does not take the connection, and later does',
    async run({ open, hear, server, next, note }) {
      await server.refuse(4003)
      const { connection } = open()
      hear(connection, ...ERRORS)
      await next(connection, 'disconnected')
      note(connection.state)
      await server.refuse()
      connection.connect()
      await next(connection, 'connected')
    },
  },
  {
    name: 'a key that the server does not have',
    async run({ Pusher, options, hear, next, note }) {
      const pusher = new Pusher('other', options())
      hear(pusher.connection, ...STATES)
      const error = next(pusher.connection, 'error')
      await next(pusher.connection, 'disconnected')
      const [{ type, error: cause }] = (await error) as [{ type: string; error: { data: { code: number } } }]
      note(type, cause.data.code)
    },
  },
  {
    name: 'no server answers: unavailable after a while',
    async run({ open, hear, next, note }) {
      const { connection } = open({ wsPort: 9, unavailableTimeout: 300, ...{ scope: 'nobody@9' } })
      hear(connection, ...STATES)
      await next(connection, 'unavailable')
      note(connection.state)
    },
  },
  {
    name: 'an error that the server tells',
    async run({ connected, hear, server, next }) {
      const pusher = await connected()
      hear(pusher.connection, ...ERRORS)
      hear(pusher, 'pusher:error')
      const told = next(pusher, 'pusher:error')
      await server.sendRaw(JSON.stringify({ event: 'pusher:error', data: { code: 4301, message: 'too much' } }))
      await told
    },
  },
  {
    name: 'each message of the server is one of the connection, too',
    async run({ connected, subscribed, hear, server, settled }) {
      const pusher = await connected()
      hear(pusher.connection, 'message')
      const channel = await subscribed(pusher, 'orders')
      await server.trigger('orders', 'created', { id: 1 })
      await settled(channel)
    },
  },
  {
    name: 'what is sent while there is no connection is not sent',
    async run({ open, next, note }) {
      const pusher = open()
      note(pusher.send_event('client-a', {}, 'private-a'))
      await next(pusher.connection, 'connected')
      pusher.disconnect()
      note(pusher.send_event('client-a', {}, 'private-a'))
    },
  },
  {
    name: 'a message to the server itself is sent as it is',
    async run({ connected, note, next }) {
      const pusher = await connected()
      const error = next(pusher.connection, 'error')
      note(pusher.send_event('nonsense', { a: 1 }))
      note(await error)
    },
  },
  {
    name: 'it says whether it uses TLS',
    async run({ open, note }) {
      const pusher = open()
      note(pusher.shouldUseTLS(), pusher.connection.isUsingTLS())
    },
  },
  {
    name: 'instances are kept, and ready connects them all',
    async run({ Pusher, connected, next, note }) {
      const pusher = await connected()
      note(Pusher.isReady, Pusher.instances.includes(pusher))
      pusher.disconnect()
      const again = next(pusher.connection, 'connected')
      const others = Pusher.instances.splice(0)
      Pusher.instances.push(pusher)
      Pusher.ready()
      Pusher.instances.push(...others.filter(other => other !== pusher))
      note(pusher.connection.state)
      await again
    },
  },
  {
    name: 'Pusher.log hears what goes on',
    async run({ Pusher, connected, subscribed, server, settled, note }) {
      Pusher.log = (message: string) => {
        if (/State changed|Event recd.*"created"|No callbacks/.test(message) && !message.includes('fence'))
          note(message)
      }
      const pusher = await connected()
      const channel = await subscribed(pusher, 'orders')
      await server.trigger('orders', 'created', { id: 1 })
      await settled(channel)
      Reflect.set(Pusher, 'log', undefined)
    },
  },
  {
    name: 'another cluster: the channels stay, the key is the new one',
    async run({ connected, subscribed, hear, next, note }) {
      const pusher = await connected()
      const channel = await subscribed(pusher, 'orders')
      hear(pusher.connection, 'connecting', 'disconnected')
      const end = next(pusher.connection, 'disconnected')
      pusher.switchCluster({ appKey: 'other', cluster: 'eu' })
      await end
      note(pusher.key, pusher.options.cluster, pusher.channel('orders') === channel, channel.subscribed)
    },
  },
]

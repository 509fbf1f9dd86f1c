import type { Behaviour } from './behaviour.ts'

export const clients: readonly Behaviour[] = [
  {
    name: 'a client without a key throws',
    async run({ create, outcome }) {
      await outcome('none', () => create({ params: {} }))
    },
  },
  {
    name: 'a new client is closed, and tells what it is',
    async run({ create, note, address }) {
      const client = create({ timeout: 500 })
      note(
        client.connectionState(),
        client.isConnected(),
        client.isConnecting(),
        client.isDisconnecting(),
        client.getChannels(),
        client.timeout,
        client.heartbeatIntervalMs,
        typeof client.apiKey,
        client.accessTokenValue,
        client.httpEndpoint.replace(address, 'address'),
        client.endPoint.replace(address, 'address'),
        client
          .endpointURL()
          .replace(address, 'address')
          .replace(/apikey=[^&]+/, 'apikey='),
        client.hasLogger(),
      )
    },
  },
  {
    name: 'connect connects, without a channel too',
    async run({ create, note, until }) {
      const client = create()
      client.connect()
      note(client.connectionState(), client.isConnecting())
      await until(() => client.isConnected())
      note(client.connectionState(), client.isConnecting())
      client.connect()
      note(client.connectionState())
    },
  },
  {
    name: 'subscribe connects',
    async run({ create, topic, joined, note }) {
      const client = create()
      const channel = client.channel(topic)
      note(client.connectionState())
      const done = joined(channel)
      note(client.connectionState())
      await done
      note(client.connectionState())
    },
  },
  {
    name: 'disconnect tells the channels, and resolves with ok',
    async run({ create, topic, joined, note, outcome }) {
      const client = create()
      const channel = await joined(client.channel(topic))
      await outcome('disconnected', () => client.disconnect())
      note(client.connectionState(), channel.state)
    },
  },
  {
    name: 'disconnect with a code and a reason',
    async run({ create, topic, noting, noted, outcome }) {
      const client = create()
      const channel = client.channel(topic)
      channel.subscribe((status, error) => noting(status)(error?.message))
      await noted('SUBSCRIBED')
      await outcome('disconnected', () => client.disconnect(3000, 'Enough'))
    },
  },
  {
    name: 'disconnect before connect',
    async run({ create, outcome }) {
      await outcome('disconnected', () => create().disconnect())
    },
  },
  {
    name: 'connect after disconnect joins the channels again',
    async run({ create, topic, note, noting, noted, server }) {
      const client = create()
      const channel = client.channel(topic)
      channel.on('broadcast', { event: 'tick' }, noting('tick'))
      channel.subscribe(status => note(status))
      await noted('SUBSCRIBED')
      await client.disconnect()
      client.connect()
      await noted('SUBSCRIBED', 2)
      await server.broadcast(topic, 'tick', {})
      await noted('tick')
    },
  },
  {
    name: 'removeChannel resolves with ok and takes the channel out',
    async run({ create, topic, joined, outcome, note }) {
      const client = create()
      const channel = await joined(client.channel(topic))
      await outcome('removed', () => client.removeChannel(channel))
      note(client.getChannels().length, channel.state)
      await outcome('removed again', () => client.removeChannel(channel))
    },
  },
  {
    name: 'removeChannel of a channel that never joined',
    async run({ create, topic, outcome, note }) {
      const client = create()
      await outcome('removed', () => client.removeChannel(client.channel(topic)))
      note(client.getChannels().length)
    },
  },
  {
    name: 'removeAllChannels resolves with an ok for each, and disconnects',
    async run({ create, topic, joined, outcome, note }) {
      const client = create()
      await joined(client.channel(`${topic}-1`))
      client.channel(`${topic}-2`)
      await outcome('removed', () => client.removeAllChannels())
      note(client.getChannels().length, client.connectionState())
    },
  },
  {
    name: 'when the last channel is gone the connection goes after a while',
    async run({ create, topic, joined, until, note }) {
      const client = create({ disconnectOnEmptyChannelsAfterMs: 50 })
      const channel = await joined(client.channel(topic))
      await client.removeChannel(channel)
      note(client.connectionState())
      await until(() => client.connectionState() === 'closed')
    },
  },
  {
    name: 'unless there is another by then',
    async run({ create, topic, joined, noting, noted, note }) {
      const client = create({ disconnectOnEmptyChannelsAfterMs: 50 })
      await client.removeChannel(await joined(client.channel(topic)))
      const next = client.channel(`${topic}-2`)
      await new Promise(resolve => setTimeout(resolve, 100))
      note(client.connectionState())
      next.subscribe(noting('next'))
      await noted('next')
    },
  },
  {
    name: 'setAuth: the token goes with the join',
    async run({ create, topic, joined, server, note }) {
      const client = create()
      const token = await server.token({ sub: 'ann' })
      await client.setAuth(token)
      note(client.accessTokenValue === token)
      await joined(client.channel(topic, { config: { private: true } }))
      note(await server.holders(token))
    },
  },
  {
    name: 'setAuth: a new token reaches the channels that are joined',
    async run({ create, topic, joined, server, note, until }) {
      const client = create()
      await client.setAuth(await server.token({ sub: 'ann' }))
      await joined(client.channel(topic, { config: { private: true } }))
      const next = await server.token({ sub: 'ann', n: 2 })
      await client.setAuth(next)
      await until(async () => (await server.holders(next)) === 1)
      note('held')
    },
  },
  {
    name: 'setAuth without a token keeps the one there is',
    async run({ create, server, note }) {
      const client = create()
      const token = await server.token({ sub: 'ann' })
      await client.setAuth(token)
      await client.setAuth()
      note(client.accessTokenValue === token)
    },
  },
  {
    name: 'accessToken is asked for the token',
    async run({ create, topic, joined, server, note }) {
      const token = await server.token({ sub: 'ann' })
      const client = create({ accessToken: async () => token })
      await joined(client.channel(topic))
      note(client.accessTokenValue === token)
    },
  },
  {
    name: 'the token of accessToken goes with the first join',
    async run({ create, topic, joined, server, note }) {
      const token = await server.token({ sub: 'ann' })
      await joined(create({ accessToken: async () => token }).channel(topic))
      note('holders', await server.holders(token))
    },
    differs: {
      why: 'the first join waits for `accessToken`',
      face: [['SUBSCRIBED'], ['holders', 1]],
    },
  },
  {
    name: 'accessToken that fails leaves the channel without a token, and is logged',
    async run({ create, topic, joined, note }) {
      const logged = new Set<string>()
      const client = create({
        accessToken: () => Promise.reject(new Error('no token')),
        logger: (kind, text) => void (kind === 'error' && logged.add(text)),
      })
      await joined(client.channel(topic))
      note(client.accessTokenValue, [...logged])
    },
  },
  {
    name: 'accessToken is asked again with each heartbeat',
    async run({ create, topic, joined, server, note, until }) {
      const tokens = [await server.token({ sub: 'ann' }), await server.token({ sub: 'ann', n: 2 })]
      let token = tokens[0] ?? ''
      const client = create({ accessToken: async () => token, heartbeatIntervalMs: 50 })
      await joined(client.channel(topic))
      token = tokens[1] ?? ''
      await until(async () => (await server.holders(token)) === 1)
      note('held')
    },
  },
  {
    name: 'a token that expires ends the channel for good',
    async run({ create, topic, joined, server, note, noted }) {
      const client = create()
      const token = await server.token({ sub: 'ann' })
      await client.setAuth(token)
      const channel = client.channel(topic, { config: { private: true } })
      channel.on('system', {}, ({ status, message }) => note('system', status, message))
      await joined(channel)
      await server.expire(token)
      await noted('CLOSED')
    },
  },
  {
    name: 'a cut connection: CHANNEL_ERROR once, and SUBSCRIBED when it is back',
    async run({ create, topic, noting, noted, note, server }) {
      const client = create()
      const channel = client.channel(topic)
      channel.on('broadcast', { event: 'tick' }, noting('tick'))
      channel.subscribe(status => note(status, channel.state))
      await noted('SUBSCRIBED')
      await server.cut()
      await noted('SUBSCRIBED', 2)
      await server.broadcast(topic, 'tick', {})
      await noted('tick')
    },
  },
  {
    name: 'the error of a cut connection',
    async run({ create, topic, joined, noted, server }) {
      await joined(create().channel(topic))
      await server.cut()
      await noted('CHANNEL_ERROR')
    },
  },
  {
    name: 'the error of a connection that cannot be made',
    async run({ create, topic, note, noted, server }) {
      await server.refuseConnections(503)
      const client = create()
      client.channel(topic).subscribe((status, error) => note(status, error))
      await noted('CHANNEL_ERROR')
      await client.disconnect()
      await server.refuseConnections(0)
    },
    differs: {
      why: 'a connection that cannot be made is told as one that was closed',
      face: [['CHANNEL_ERROR', { error: 'socket closed: 1006', cause: 'Event' }]],
    },
  },
  {
    name: 'a server that lets nobody in, and then does',
    async run({ create, topic, note, noted, server }) {
      await server.refuseConnections(503)
      const channel = create().channel(topic)
      channel.subscribe(status => note(status, channel.state))
      await noted('CHANNEL_ERROR')
      await server.refuseConnections(0)
      await noted('SUBSCRIBED')
    },
  },
  {
    name: 'all channels come back after a cut connection',
    async run({ create, topic, noting, noted, server }) {
      const client = create()
      client.channel(`${topic}-1`).subscribe(status => noting('one')(status))
      await noted('one')
      client.channel(`${topic}-2`).subscribe(status => noting('two')(status))
      await noted('two')
      await server.cut()
      await noted('one', 3)
      await noted('two', 3)
    },
  },
  {
    name: 'who was there is there after a cut connection',
    async run({ create, topic, note, noted, server, until }) {
      const channel = create().channel(topic, { config: { presence: { key: 'ann' } } })
      channel.on('presence', { event: 'sync' }, () => {})
      channel.subscribe(status => {
        note(status)
        if (String(status) === 'SUBSCRIBED') void channel.track({ n: 1 })
      })
      await until(() => 'ann' in channel.presenceState())
      await server.cut()
      await noted('SUBSCRIBED', 2)
      await until(() => channel.presenceState()['ann']?.length === 1)
      note('state', Object.keys(channel.presenceState()))
    },
  },
  {
    name: 'a logger is told what the client logs',
    async run({ create, note }) {
      const client = create({ logger: (kind, text, data) => note(kind, text, data) })
      client.log('own', 'text', { n: 1 })
      note(client.hasLogger())
    },
  },
]

import type { Behaviour } from './behaviour.ts'

export const joins: readonly Behaviour[] = [
  {
    name: 'a new channel is closed, and tells what it is',
    async run({ create, topic, note }) {
      const channel = create().channel(topic)
      note(
        channel.state,
        channel.topic.replace(topic, 'topic'),
        channel.subTopic.replace(topic, 'topic'),
        channel.params,
        channel.private,
        channel.joinedOnce,
        channel.timeout,
        channel.presenceState(),
        new URL(channel.broadcastEndpointURL).pathname,
      )
    },
  },
  {
    name: 'params are completed, and kept',
    async run({ create, topic, note }) {
      const params = { config: { private: true, broadcast: { ack: true } } }
      const channel = create().channel(topic, params)
      note(channel.params, channel.params === params, channel.private)
    },
  },
  {
    name: 'subscribe returns the channel, which is joining and then joined',
    async run({ create, topic, note, noted }) {
      const channel = create().channel(topic)
      const returned = channel.subscribe(status => note(status, channel.state))
      note('same', returned === channel, channel.state, channel.joinedOnce)
      await noted('SUBSCRIBED')
    },
  },
  {
    name: 'subscribe without a callback',
    async run({ create, topic, until, note }) {
      const channel = create().channel(topic).subscribe()
      await until(() => channel.state === 'joined')
      note(channel.state)
    },
  },
  {
    name: 'a second subscribe changes nothing',
    async run({ create, topic, joined, note }) {
      const channel = await joined(create().channel(topic))
      note('same', channel.subscribe(status => note('second', status)) === channel)
    },
  },
  {
    name: 'a second subscribe while the first is under way changes nothing',
    async run({ create, topic, noting, noted }) {
      const channel = create().channel(topic)
      channel.subscribe(noting('first'))
      channel.subscribe(noting('second'))
      await noted('first')
    },
  },
  {
    name: 'a channel that was left cannot be joined again',
    async run({ create, topic, joined, outcome, note }) {
      const channel = await joined(create().channel(topic))
      await outcome('left', () => channel.unsubscribe())
      await outcome('again', () => channel.subscribe(status => note('again', status)))
    },
  },
  {
    name: 'another channel of the same topic can',
    async run({ create, topic, joined, noting, noted, server }) {
      const client = create()
      const first = await joined(client.channel(topic))
      await first.unsubscribe()
      const second = client.channel(topic)
      second.on('broadcast', { event: 'tick' }, noting('tick'))
      second.subscribe(noting('second'))
      await noted('second')
      await server.broadcast(topic, 'tick', {})
      await noted('tick')
    },
  },
  {
    name: 'the same topic is the same channel',
    async run({ create, topic, note }) {
      const client = create()
      const channel = client.channel(topic)
      note(client.channel(topic) === channel, client.getChannels().length, client.channel('other') === channel)
    },
  },
  {
    name: 'unsubscribe tells CLOSED before it returns, and the client has the channel no more',
    async run({ create, topic, joined, note }) {
      const client = create()
      const channel = await joined(client.channel(topic))
      const left = channel.unsubscribe()
      note('state', channel.state, client.getChannels().length)
      note('left', await left)
    },
  },
  {
    name: 'unsubscribe while joining',
    async run({ create, topic, note, outcome }) {
      const channel = create().channel(topic)
      channel.subscribe(status => note(status))
      await outcome('left', () => channel.unsubscribe())
      note(channel.state)
    },
  },
  {
    name: 'unsubscribe before subscribe',
    async run({ create, topic, note, outcome }) {
      const client = create()
      const channel = client.channel(topic)
      await outcome('left', () => channel.unsubscribe())
      note(channel.state, client.getChannels().length)
    },
  },
  {
    name: 'unsubscribe twice tells CLOSED twice',
    async run({ create, topic, joined, outcome }) {
      const channel = await joined(create().channel(topic))
      await outcome('first', () => channel.unsubscribe())
      await outcome('second', () => channel.unsubscribe())
    },
  },
  {
    name: 'after unsubscribe nothing is heard',
    async run({ create, topic, joined, noting, noted, server }) {
      const client = create()
      const channel = client.channel(topic)
      channel.on('broadcast', { event: '*' }, noting('heard'))
      await joined(channel)
      const other = client.channel(`${topic}-other`)
      other.on('broadcast', { event: '*' }, noting('other'))
      other.subscribe(noting('joined'))
      await noted('joined')
      await channel.unsubscribe()
      await server.broadcast(topic, 'a', {})
      await server.broadcast(`${topic}-other`, 'b', {})
      await noted('other')
    },
  },
  {
    name: 'teardown ends a channel without a word',
    async run({ create, topic, joined, note }) {
      const channel = await joined(create().channel(topic))
      channel.teardown()
      note(channel.state)
    },
  },
  {
    name: 'a join that is refused is told with the words of the server',
    async run({ create, topic, note, noted }) {
      const channel = create().channel(topic, { config: { private: true } })
      channel.subscribe((status, error) => note(status, error, channel.state))
      await noted('CHANNEL_ERROR')
    },
  },
  {
    name: 'a join that is refused is tried again',
    async run({ create, topic, note, noted, server }) {
      const client = create()
      const channel = client.channel(topic, { config: { private: true } })
      channel.subscribe(status => note(status))
      await noted('CHANNEL_ERROR')
      await client.setAuth(await server.token({ sub: 'ann' }))
      await noted('SUBSCRIBED')
    },
  },
  {
    name: 'a join that is not answered has timed out',
    async run({ create, topic, joined, note, noted, server }) {
      const client = create()
      await joined(client.channel(topic))
      await server.silence()
      const channel = client.channel(`${topic}-2`)
      channel.subscribe((status, error) => note('second', status, error, channel.state), 100)
      await noted('second')
    },
  },
  {
    name: 'an expired token',
    async run({ create, topic, note, noted, server }) {
      const client = create()
      await client.setAuth(await server.token({ exp: 1 }))
      const channel = client.channel(topic)
      channel.subscribe((status, error) => note(status, error?.message.replace(/\d+ seconds/, 'so long')))
      await noted('CHANNEL_ERROR')
    },
  },
  {
    name: 'replay of a public channel throws',
    async run({ create, topic, outcome, note }) {
      const client = create()
      await outcome('public', () => client.channel('room', { config: { broadcast: { replay: { since: 0 } } } }))
      note(topic.length > 0, client.getChannels().length)
    },
  },
  {
    name: 'the server ends a channel for good: its words come as a system event, and CLOSED',
    async run({ create, topic, joined, note, noting, noted, server }) {
      const client = create()
      const channel = client.channel(topic)
      channel.on('system', {}, payload => noting('system')({ ...payload, channel: payload.channel.replace(topic, '') }))
      await joined(channel)
      await server.shutDown(topic, 'Enough')
      await noted('CLOSED')
      note(channel.state, client.getChannels().length)
    },
  },
  {
    name: 'a channel that crashes at the server is joined again',
    async run({ create, topic, joined, noting, noted, server }) {
      const channel = create().channel(topic)
      channel.on('broadcast', { event: 'tick' }, noting('tick'))
      await joined(channel)
      await server.crash(topic)
      await noted('SUBSCRIBED', 2)
      await server.broadcast(topic, 'tick', {})
      await noted('tick')
    },
  },
  {
    name: 'bindings can be copied to a channel that is not joined',
    async run({ create, topic, joined, noting, noted, outcome, server }) {
      const client = create()
      const first = client.channel(`${topic}-1`).on('broadcast', { event: 'tick' }, noting('tick'))
      const second = client.channel(topic)
      second.copyBindings(first)
      await joined(second)
      await server.broadcast(topic, 'tick', {})
      await noted('tick')
      await outcome('joined already', () => second.copyBindings(first))
    },
  },
]

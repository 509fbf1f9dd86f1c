import type { Behaviour } from './behaviour.ts'

/** What an app does through a client of supabase-js. */
export const withSupabase: readonly Behaviour[] = [
  {
    name: 'supabase.channel joins, hears and sends',
    async run({ supabase, peer, topic, joined, peerJoined, noting, noted }) {
      const other = peer().channel(topic)
      other.on('broadcast', { event: 'said' }, noting('other'))
      await peerJoined(other)
      const channel = supabase().channel(topic)
      channel.on('broadcast', { event: 'answered' }, noting('own'))
      await joined(channel)
      await channel.send({ type: 'broadcast', event: 'said', payload: { n: 1 } })
      await noted('other')
      await other.send({ type: 'broadcast', event: 'answered', payload: { n: 2 } })
      await noted('own')
    },
  },
  {
    name: 'supabase.getChannels, removeChannel and removeAllChannels',
    async run({ supabase, topic, joined, note, outcome }) {
      const client = supabase()
      const channel = await joined(client.channel(topic))
      client.channel(`${topic}-2`)
      note(client.getChannels().length, client.getChannels()[0] === channel, client.realtime.getChannels().length)
      await outcome('removed', () => client.removeChannel(channel))
      await outcome('all removed', () => client.removeAllChannels())
      note(client.getChannels().length, client.realtime.connectionState())
    },
  },
  {
    name: 'row changes and who is there',
    async run({ supabase, topic, joined, note, noted, server }) {
      const channel = supabase().channel(topic, { config: { presence: { key: 'ann' } } })
      channel
        .on('presence', { event: 'sync' }, () => note('here', Object.keys(channel.presenceState())))
        .on('postgres_changes', { event: 'INSERT', schema: 'public', table: 'orders' }, ({ new: row }) =>
          note('row', row),
        )
        .on('system', {}, ({ status }) => note('system', status))
      await joined(channel)
      await noted('system')
      await server.insert('orders', { id: 1 })
      await noted('row')
      await channel.track({ n: 1 })
      await noted('here', 2)
    },
  },
  {
    name: 'the accessToken of supabase-js opens a private channel',
    async run({ supabase, topic, joined, note, server }) {
      const token = await server.token({ sub: 'ann' })
      const client = supabase(async () => token)
      await joined(client.channel(topic, { config: { private: true } }))
      note(await server.holders(token))
    },
    differs: {
      why: 'the first join waits for `accessToken`',
      face: [['SUBSCRIBED'], [1]],
    },
  },
]

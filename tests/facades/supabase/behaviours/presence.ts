import type { RealtimeChannel } from '@supabase/realtime-js'
import type { Api, Behaviour } from './behaviour.ts'

export const presence: readonly Behaviour[] = [
  {
    name: 'nobody is there at first: sync comes, and an empty state',
    async run(api) {
      const channel = watched(api, api.create().channel(api.topic))
      await api.joined(channel)
      await api.noted('sync')
    },
  },
  {
    name: 'track resolves with ok, and join and sync come',
    async run(api) {
      const channel = watched(api, api.create().channel(api.topic, { config: { presence: { key: 'ann' } } }))
      await api.joined(channel)
      await api.noted('sync')
      await channel.track({ at: 'table 1' }).then(api.noting('tracked'))
      await api.noted('join')
      await api.noted('sync', 2)
      api.note('state', named(channel.presenceState()))
    },
  },
  {
    name: 'untrack resolves with ok, and leave and sync come',
    async run(api) {
      const channel = watched(api, api.create().channel(api.topic, { config: { presence: { key: 'ann' } } }))
      await api.joined(channel)
      await api.noted('sync')
      await channel.track({ at: 'table 1' })
      await api.noted('sync', 2)
      await api.outcome('untracked', () => channel.untrack())
      await api.noted('sync', 3)
    },
  },
  {
    name: 'track again: the new state joins, and then the old one leaves',
    async run(api) {
      const channel = watched(api, api.create().channel(api.topic, { config: { presence: { key: 'ann' } } }))
      await api.joined(channel)
      await api.noted('sync')
      await channel.track({ n: 1 })
      await api.noted('sync', 2)
      await channel.track({ n: 2 })
      await api.noted('sync', 3)
      api.note('state', named(channel.presenceState()))
    },
  },
  {
    name: 'somebody who is there already joins with the first sync',
    async run(api) {
      const other = await api.peerJoined(keyed(api, api.peer(), 'bob'))
      await other.track({ n: 1 })
      const channel = watched(api, api.create().channel(api.topic))
      await api.joined(channel)
      await api.noted('sync')
      api.note('state', named(channel.presenceState()))
    },
  },
  {
    name: 'somebody comes, changes and goes',
    async run(api) {
      const channel = watched(api, api.create().channel(api.topic))
      await api.joined(channel)
      await api.noted('sync')
      const client = api.peer()
      const other = await api.peerJoined(keyed(api, client, 'bob'))
      await other.track({ n: 1 })
      await api.noted('sync', 2)
      await other.track({ n: 2 })
      await api.noted('sync', 3)
      await client.removeChannel(other)
      await api.noted('sync', 4)
      api.note('state', named(channel.presenceState()))
    },
  },
  {
    name: 'two connections of one key are two presences under it',
    async run(api) {
      const channel = watched(api, api.create().channel(api.topic))
      await api.joined(channel)
      await api.noted('sync')
      const first = await api.peerJoined(keyed(api, api.peer(), 'bob'))
      await first.track({ n: 1 })
      await api.noted('sync', 2)
      const second = await api.peerJoined(keyed(api, api.peer(), 'bob'))
      await second.track({ n: 2 })
      await api.noted('sync', 3)
      api.note('state', named(channel.presenceState()))
      await first.untrack()
      await api.noted('sync', 4)
      api.note('state', named(channel.presenceState()))
    },
  },
  {
    name: 'others see what was tracked, under the key',
    async run(api) {
      const other = keyed(api, api.peer(), 'bob')
      other.on('presence', { event: 'join' }, ({ key, newPresences }) => api.note('other', key, newPresences.map(bare)))
      await api.peerJoined(other)
      const channel = await api.joined(api.create().channel(api.topic, { config: { presence: { key: 'ann' } } }))
      await channel.track({ at: 'table 1', since: new Date(0) })
      await api.noted('other')
    },
  },
  {
    name: 'others see that a channel was left',
    async run(api) {
      const other = keyed(api, api.peer(), 'bob')
      other.on('presence', { event: 'leave' }, ({ key, leftPresences }) =>
        api.note('left', key, leftPresences.map(bare)),
      )
      other.on('presence', { event: 'join' }, () => api.note('come'))
      await api.peerJoined(other)
      const channel = await api.joined(api.create().channel(api.topic, { config: { presence: { key: 'ann' } } }))
      await channel.track({ n: 1 })
      await api.noted('come')
      await channel.unsubscribe()
      await api.noted('left')
    },
  },
  {
    name: 'without a listener nothing is told, and the state stays empty',
    async run(api) {
      const other = await api.peerJoined(keyed(api, api.peer(), 'bob'))
      await other.track({ n: 1 })
      const channel = await api.joined(api.create().channel(api.topic))
      await api.outcome('tracked', () => channel.track({ n: 2 }))
      api.note(
        'state',
        channel.presenceState(),
        (await api.server.joins(api.topic)).map(one => one['seesPresence']),
      )
    },
  },
  {
    name: 'with enabled: true the state is there without a listener',
    async run(api) {
      const other = await api.peerJoined(keyed(api, api.peer(), 'bob'))
      await other.track({ n: 1 })
      const channel = await api.joined(api.create().channel(api.topic, { config: { presence: { enabled: true } } }))
      await api.until(() => Object.keys(channel.presenceState()).length > 0)
      api.note('state', named(channel.presenceState()))
    },
  },
  {
    name: 'a listener for presence cannot be added after subscribe',
    async run({ create, topic, joined, outcome, note }) {
      const channel = create().channel('room')
      channel.subscribe()
      await outcome('joining', () => channel.on('presence', { event: 'sync' }, () => {}))
      const other = await joined(create().channel(topic))
      await outcome('joined', () => {
        try {
          other.on('presence', { event: 'join' }, () => {})
        } catch (error) {
          note(
            'the same',
            (error as Error).message === `cannot add \`presence\` callbacks for ${other.topic} after \`subscribe()\`.`,
          )
        }
      })
    },
  },
  {
    name: 'track before subscribe rejects',
    async run({ create, outcome }) {
      const channel = create().channel('room')
      await outcome('tracked', () => channel.track({ n: 1 }))
      await outcome('untracked', () => channel.untrack())
    },
  },
  {
    name: 'track while joining waits for the join',
    async run(api) {
      const channel = watched(api, api.create().channel(api.topic, { config: { presence: { key: 'ann' } } }))
      channel.subscribe(status => api.note(status))
      const tracked = channel.track({ n: 1 })
      await api.noted('join')
      api.note('tracked', await tracked)
    },
  },
  {
    name: 'track that is not answered has timed out',
    async run({ create, topic, joined, outcome, server }) {
      const channel = await joined(create().channel(topic))
      await server.silence()
      await outcome('tracked', () => channel.track({ n: 1 }, { timeout: 100 }))
    },
  },
  {
    name: 'listeners for one event of presence hear no other',
    async run(api) {
      const channel = api.create().channel(api.topic)
      channel.on('presence', { event: 'join' }, () => api.note('join'))
      channel.on('presence', { event: '*' }, payload => api.note('any', (payload as { event?: string }).event))
      await api.joined(channel)
      await api.noted('any')
      const other = await api.peerJoined(keyed(api, api.peer(), 'bob'))
      await other.track({ n: 1 })
      await api.noted('any', 3)
    },
  },
  {
    name: 'keys that objects have of themselves are keys as any other',
    async run(api) {
      const other = await api.peerJoined(keyed(api, api.peer(), 'constructor'))
      await other.track({ n: 1 })
      const channel = watched(api, api.create().channel(api.topic))
      await api.joined(channel)
      await api.noted('sync')
      api.note('state', Object.keys(channel.presenceState()))
    },
  },
]

/** References are the server's. */
function bare({
  presence_ref: ref,
  ...state
}: {
  readonly presence_ref: string
  readonly [name: string]: unknown
}): object {
  return { ...state, hasRef: typeof ref === 'string' }
}

function named(state: { readonly [key: string]: readonly { readonly presence_ref: string }[] }): object {
  return Object.fromEntries(Object.entries(state).map(([key, presences]) => [key, presences.map(bare)]))
}

function watched({ note }: Api, channel: RealtimeChannel): RealtimeChannel {
  return channel
    .on('presence', { event: 'sync' }, () => note('sync', named(channel.presenceState())))
    .on('presence', { event: 'join' }, ({ event, key, currentPresences, newPresences }) =>
      note('join', event, key, currentPresences.map(bare), newPresences.map(bare)),
    )
    .on('presence', { event: 'leave' }, ({ event, key, currentPresences, leftPresences }) =>
      note('leave', event, key, currentPresences.map(bare), leftPresences.map(bare)),
    )
}

/** A channel that sees presence, as somebody of this key. */
function keyed({ topic }: Api, client: ReturnType<Api['peer']>, key: string): RealtimeChannel {
  return client.channel(topic, { config: { presence: { key, enabled: true } } })
}

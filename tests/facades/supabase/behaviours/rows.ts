import type { Behaviour } from './behaviour.ts'

export const rows: readonly Behaviour[] = [
  {
    name: 'an inserted row',
    async run({ create, topic, joined, note, noted, server }) {
      const channel = create().channel(topic)
      channel.on('postgres_changes', { event: 'INSERT', schema: 'public', table: 'orders' }, row =>
        note('row', { ...row, commit_timestamp: typeof row.commit_timestamp }),
      )
      channel.on('system', {}, ({ status }) => note('system', status))
      await joined(channel)
      await noted('system')
      await server.insert('orders', { id: 1, status: 'open' })
      await noted('row')
    },
  },
  {
    name: 'the server says when rows flow, after SUBSCRIBED',
    async run({ create, topic, joined, note, noted }) {
      const channel = create().channel(topic)
      channel.on('postgres_changes', { event: '*', schema: 'public', table: 'orders' }, () => {})
      channel.on('system', {}, ({ channel: of, ...rest }) => note('system', rest, of === topic))
      await joined(channel)
      await noted('system')
    },
  },
  {
    name: 'each listener hears its own table, filter and event',
    async run({ create, topic, joined, note, noted, server }) {
      const channel = create().channel(topic)
      const on = (name: string, filter: object): unknown =>
        channel.on('postgres_changes', { event: '*', schema: 'public', ...filter }, ({ new: row }) => note(name, row))
      on('orders', { table: 'orders' })
      on('dishes', { table: 'dishes' })
      on('open', { table: 'orders', filter: 'status=eq.open' })
      on('inserted', { table: 'orders', event: 'INSERT' })
      on('deleted', { table: 'orders', event: 'DELETE' })
      on('all', {})
      channel.on('system', {}, ({ status }) => note('system', status))
      await joined(channel)
      await noted('system')
      await server.insert('orders', { id: 1, status: 'open' })
      await noted('all', 1)
      await server.insert('orders', { id: 2, status: 'paid' })
      await noted('all', 2)
      await server.insert('dishes', { id: 3, status: 'open' })
      await noted('all', 3)
    },
  },
  {
    name: 'the same listener twice is one, and is logged',
    async run({ create, topic, joined, note, noted, server }) {
      const logged: string[] = []
      const channel = create({ logger: (kind, text) => void (kind === 'error' && logged.push(text)) }).channel(topic)
      const filter = { event: 'INSERT', schema: 'public', table: 'orders' } as const
      channel.on('postgres_changes', filter, () => note('first'))
      channel.on('postgres_changes', { ...filter }, () => note('second'))
      channel.on('system', {}, ({ status }) => note('system', status))
      note('logged', logged.join().replace(topic, 'topic'))
      await joined(channel)
      await noted('system')
      await server.insert('orders', { id: 1 })
      await noted('first')
    },
  },
  {
    name: 'only some columns',
    async run({ create, topic, joined, note, noted, server }) {
      const channel = create().channel(topic)
      channel.on(
        'postgres_changes',
        { event: 'INSERT', schema: 'public', table: 'orders', select: ['status'] },
        ({ new: row }) => note('row', row),
      )
      channel.on('system', {}, ({ status }) => note('system', status))
      await joined(channel)
      await noted('system')
      await server.insert('orders', { id: 1, status: 'open', note: 'none' })
      await noted('row')
    },
  },
  {
    name: 'a filter that was built',
    async run({ create, topic, joined, note, noted, server }) {
      const channel = create().channel(topic)
      const filter = { build: () => 'id=eq.2' } as never
      channel.on('postgres_changes', { event: 'INSERT', schema: 'public', table: 'orders', filter }, ({ new: row }) =>
        note('row', row),
      )
      channel.on('system', {}, ({ status }) => note('system', status))
      await joined(channel)
      await noted('system')
      await server.insert('orders', { id: 1 })
      await server.insert('orders', { id: 2 })
      await noted('row')
    },
  },
  {
    name: 'a table that there is not: SUBSCRIBED, and then the words of the server',
    async run({ create, topic, joined, note, noted }) {
      const channel = create().channel(topic)
      channel.on('postgres_changes', { event: '*', schema: 'public', table: 'nothing' }, () => {})
      channel.on('system', {}, ({ extension, status, message }) => note('system', extension, status, message))
      await joined(channel)
      await noted('system')
      note(channel.state)
    },
  },
  {
    name: 'with wait SUBSCRIBED comes when rows flow',
    async run({ create, topic, joined, note, noted, server }) {
      const channel = create().channel(topic, { config: { postgres_changes_options: { wait: true } } })
      channel.on('postgres_changes', { event: 'INSERT', schema: 'public', table: 'orders' }, () => note('row'))
      await joined(channel)
      await server.insert('orders', { id: 1 })
      await noted('row')
    },
  },
  {
    name: 'a listener for rows cannot be added after subscribe',
    async run({ create, outcome }) {
      const channel = create().channel('room')
      channel.subscribe()
      await outcome('joining', () =>
        channel.on('postgres_changes', { event: '*', schema: 'public', table: 'orders' }, () => {}),
      )
    },
  },
  {
    name: 'rows and broadcasts of one channel',
    async run({ create, topic, joined, note, noted, server }) {
      const channel = create().channel(topic)
      channel.on('broadcast', { event: 'INSERT' }, ({ payload }) => note('broadcast', payload))
      channel.on('postgres_changes', { event: 'INSERT', schema: 'public', table: 'orders' }, ({ new: row }) =>
        note('row', row),
      )
      channel.on('system', {}, ({ status }) => note('system', status))
      await joined(channel)
      await noted('system')
      await server.broadcast(topic, 'INSERT', { n: 1 })
      await noted('broadcast')
      await server.insert('orders', { id: 1 })
      await noted('row')
    },
  },
  {
    name: 'what the server is asked for',
    async run({ create, topic, joined, note, server }) {
      const channel = create().channel(topic, { config: { presence: { key: 'ann' } } })
      channel.on('presence', { event: 'sync' }, () => {})
      channel.on('postgres_changes', { event: '*', schema: 'public', table: 'orders', filter: 'id=gt.1' }, () => {})
      await joined(channel)
      const [join] = await server.joins(topic)
      note(join?.['presenceKey'], join?.['seesPresence'], join?.['isPrivate'], join?.['acknowledgesBroadcasts'])
      note(((join?.['bindings'] ?? []) as readonly { readonly asked: unknown }[]).map(({ asked }) => asked))
    },
  },
]

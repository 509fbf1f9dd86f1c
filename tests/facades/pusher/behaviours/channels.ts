import type { Behaviour } from '../behaviour.ts'

const FLAGS = ['subscribed', 'subscriptionPending', 'subscriptionCancelled'] as const

function flags(channel: Readonly<Record<(typeof FLAGS)[number], boolean>>): object {
  return Object.fromEntries(FLAGS.map(flag => [flag, channel[flag]]))
}

export const ofChannels: readonly Behaviour[] = [
  {
    name: 'an event comes with its data and empty metadata',
    async run({ connected, subscribed, hear, server, settled, note }) {
      const channel = await subscribed(await connected(), 'orders')
      hear(channel, 'created')
      await server.trigger('orders', 'created', { id: 1, dishes: [{ name: 'soup' }] })
      await settled(channel)
      note(flags(channel))
    },
  },
  {
    name: 'data of every kind comes as it was sent',
    async run({ connected, subscribed, hear, server, settled }) {
      const channel = await subscribed(await connected(), 'orders')
      hear(channel, 'e')
      for (const data of ['text', '', 0, 1.5, true, null, [], [1, [2]], {}, 'ünï 😀', '{"a":1}'])
        await server.trigger('orders', 'e', data)
      await settled(channel)
    },
  },
  {
    name: 'events come in the order in which they were sent',
    async run({ connected, subscribed, hear, server, settled }) {
      const channel = await subscribed(await connected(), 'orders')
      hear(channel, 'a', 'b')
      for (let n = 0; n < 20; n++) await server.trigger('orders', n % 3 ? 'a' : 'b', n)
      await settled(channel)
    },
  },
  {
    name: 'a channel is one object, and is found by its name',
    async run({ connected, note }) {
      const pusher = await connected()
      const channel = pusher.subscribe('orders')
      note(pusher.subscribe('orders') === channel, pusher.channel('orders') === channel, channel.name)
      note(pusher.channel('other'), pusher.allChannels().length, pusher.channels.find('orders') === channel)
      note(Object.keys(pusher.channels.channels), channel.pusher === pusher)
    },
  },
  {
    name: 'a channel that is subscribed before there is a connection waits for it',
    async run({ open, hear, next, note }) {
      const pusher = open()
      const channel = pusher.subscribe('orders')
      note(flags(channel))
      hear(channel, 'pusher:subscription_succeeded')
      await next(pusher.connection, 'connected')
      note(flags(channel))
      await next(channel, 'pusher:subscription_succeeded')
      note(flags(channel))
    },
  },
  {
    name: 'the flags of a subscription while it is under way and behind it',
    async run({ connected, next, note }) {
      const pusher = await connected()
      const channel = pusher.subscribe('orders')
      note(flags(channel))
      await next(channel, 'pusher:subscription_succeeded')
      note(flags(channel))
      pusher.unsubscribe('orders')
      note(flags(channel), pusher.channel('orders'), pusher.allChannels())
    },
  },
  {
    name: 'subscribing twice asks the server once',
    async run({ connected, subscribed, server, settled, note }) {
      const pusher = await connected()
      pusher.subscribe('orders')
      const channel = await subscribed(pusher, 'orders')
      pusher.subscribe('orders')
      await settled(channel)
      note(await server.subscriptions())
    },
  },
  {
    name: 'after unsubscribe nothing comes, and the server is told',
    async run({ connected, subscribed, hear, server, settled, until, note }) {
      const pusher = await connected()
      const channel = await subscribed(pusher, 'orders')
      const other = await subscribed(pusher, 'other')
      hear(channel, 'created')
      pusher.unsubscribe('orders')
      await until(async () => (await server.unsubscriptions()).length > 0)
      await server.trigger('orders', 'created', 1)
      await settled(other)
      note(await server.unsubscriptions())
    },
  },
  {
    name: 'unsubscribing what is not subscribed does nothing',
    async run({ connected, attempt }) {
      const pusher = await connected()
      attempt('unsubscribe', () => pusher.unsubscribe('orders'))
    },
  },
  {
    name: 'a subscription that is taken back while it is under way ends when the server has confirmed it',
    async run({ connected, subscribed, hear, until, note, server }) {
      const pusher = await connected()
      const channel = pusher.subscribe('orders')
      hear(channel, 'pusher:subscription_succeeded')
      pusher.unsubscribe('orders')
      note(flags(channel), pusher.channel('orders') === channel)
      await subscribed(pusher, 'other')
      await until(async () => (await server.unsubscriptions()).length > 0)
      note(flags(channel), pusher.channel('orders'))
    },
  },
  {
    name: 'one that is taken back and wanted again goes on',
    async run({ connected, next, note }) {
      const pusher = await connected()
      const channel = pusher.subscribe('orders')
      pusher.unsubscribe('orders')
      note(pusher.subscribe('orders') === channel, flags(channel))
      await next(channel, 'pusher:subscription_succeeded')
      note(flags(channel))
    },
  },
  {
    name: 'a channel that is subscribed anew has none of the callbacks of before',
    async run({ connected, subscribed, hear, server, settled, note }) {
      const pusher = await connected()
      const first = await subscribed(pusher, 'orders')
      hear(first, 'created')
      pusher.unsubscribe('orders')
      const second = await subscribed(pusher, 'orders')
      note(first === second)
      await server.trigger('orders', 'created', 1)
      await settled(second)
    },
  },
  {
    name: 'what is unsubscribed while the connection is away is not subscribed again',
    async run({ connected, subscribed, server, settled, next, note }) {
      const pusher = await connected()
      await subscribed(pusher, 'orders')
      const other = await subscribed(pusher, 'other')
      const lost = next(pusher.connection, 'connecting').then(() => pusher.unsubscribe('orders'))
      const again = next(other, 'pusher:subscription_succeeded')
      await server.closeAll(4200)
      await lost
      await again
      await settled(other)
      note((await server.subscriptions()).toSorted(), pusher.channel('orders'))
    },
  },
  {
    name: 'disconnect takes the subscriptions along, and connect brings them back',
    async run({ connected, subscribed, hear, server, settled, next, note }) {
      const pusher = await connected()
      const channel = await subscribed(pusher, 'orders')
      hear(channel, 'created', 'pusher:subscription_succeeded')
      pusher.disconnect()
      note(flags(channel), pusher.allChannels().length)
      pusher.connect()
      await next(channel, 'pusher:subscription_succeeded')
      await server.trigger('orders', 'created', 1)
      await settled(channel)
    },
  },
  {
    name: 'bind_global of a channel hears all events of it',
    async run({ connected, subscribed, server, settled, note }) {
      const channel = await subscribed(await connected(), 'orders')
      channel.bind_global((...args: unknown[]) => {
        if (!String(args[0]).startsWith('fence') && args[0] !== 'pusher:subscription_count') note(...args)
      })
      await server.trigger('orders', 'a', 1)
      await server.trigger('orders', 'b', { two: 2 })
      await settled(channel)
      channel.unbind_global()
      await server.trigger('orders', 'c', 3)
      await settled(channel)
    },
  },
  {
    name: 'unbind takes what fits: by event, callback and context',
    async run({ connected, subscribed, note, server, settled }) {
      const channel = await subscribed(await connected(), 'orders')
      const one = { name: 'one' }
      const two = { name: 'two' }
      function heard(this: { name?: string } | undefined, data: unknown): void {
        note(this?.name ?? 'nobody', data)
      }
      function other(data: unknown): void {
        note('other', data)
      }
      const send = async (what: string): Promise<void> => {
        await server.trigger('orders', 'e', what)
        await settled(channel)
      }
      channel.bind('e', heard, one).bind('e', heard, two).bind('e', other)
      await send('all')
      channel.unbind('e', heard, one)
      await send('without one')
      channel.unbind('e', heard)
      await send('without heard')
      channel.unbind('other', other)
      await send('as before')
      channel.unbind(undefined, other)
      await send('nobody')
      channel.bind('e', heard, one).unbind('e')
      await send('nobody')
      channel.bind('e', heard, two).unbind_all()
      await send('nobody')
      channel.bind('e', heard, one).bind('f', heard, one).unbind(undefined, undefined, one)
      await send('nobody')
      note('end')
    },
  },
  {
    name: 'a callback that is bound twice is called twice',
    async run({ connected, subscribed, note, server, settled }) {
      const channel = await subscribed(await connected(), 'orders')
      const heard = (data: unknown): void => note(data)
      channel.bind('e', heard)
      channel.bind('e', heard)
      await server.trigger('orders', 'e', 1)
      await settled(channel)
    },
  },
  {
    name: 'what is bound during an event hears it, too',
    async run({ connected, subscribed, note, server, settled }) {
      const channel = await subscribed(await connected(), 'orders')
      channel.bind('e', () => {
        note('first')
        channel.bind('e', () => note('second'))
      })
      await server.trigger('orders', 'e', 1)
      await settled(channel)
    },
  },
  {
    name: 'what is unbound during an event hears it still',
    async run({ connected, subscribed, note, server, settled }) {
      const channel = await subscribed(await connected(), 'orders')
      const second = (): void => note('second')
      channel.bind('e', () => channel.unbind('e', second))
      channel.bind('e', second)
      for (let n = 0; n < 2; n++) await server.trigger('orders', 'e', n)
      await settled(channel)
      note('end')
    },
  },
  {
    name: 'a callback that throws stops those behind it, and the page hears of it',
    async run({ connected, subscribed, note, server, settled, hear }) {
      const channel = await subscribed(await connected(), 'orders')
      const heard = (event: ErrorEvent): void => {
        note('page', (event.error as Error).message)
        event.preventDefault()
      }
      addEventListener('error', heard)
      channel.bind('e', () => {
        throw new Error('mine')
      })
      hear(channel, 'e', 'f')
      await server.trigger('orders', 'e', 1)
      await server.trigger('orders', 'f', 2)
      await settled(channel)
      removeEventListener('error', heard)
    },
  },
  {
    name: 'pusher.bind hears an event of every channel, bind_global every event',
    async run({ connected, subscribed, note, server, settled, hear }) {
      const pusher = await connected()
      const orders = await subscribed(pusher, 'orders')
      const other = await subscribed(pusher, 'other')
      hear(pusher, 'e')
      pusher.bind_global((...args: unknown[]) => {
        if (!String(args[0]).startsWith('fence')) note('global', ...args)
      })
      await server.trigger('orders', 'e', 1)
      await settled(orders)
      await server.trigger('other', 'e', 2)
      await settled(other)
      pusher.unbind('e').unbind_global().unbind_all()
      await server.trigger('other', 'e', 3)
      await settled(other)
    },
  },
  {
    name: 'how many subscribe',
    async run({ connected, subscribed, server, hear, next, until, note }) {
      const pusher = await connected()
      hear(pusher, 'pusher:subscription_count')
      const channel = pusher.subscribe('orders')
      note(channel.subscriptionCount)
      hear(channel, 'pusher:subscription_count')
      await next(channel, 'pusher:subscription_count')
      await server.join('bob', 'orders')
      await until(() => (channel.subscriptionCount as unknown) === 2)
      await server.leave('bob', 'orders')
      await until(() => (channel.subscriptionCount as unknown) === 1)
      await subscribed(pusher, 'other')
    },
  },
  {
    name: 'names with # are taken',
    async run({ connected, attempt }) {
      const pusher = await connected()
      attempt('#orders', () => pusher.subscribe('#orders'))
      attempt('#server-to-user-1', () => pusher.subscribe('#server-to-user-1'))
    },
  },
  {
    name: 'a name that Pusher does not take',
    async run({ connected, hear, next, note }) {
      const pusher = await connected()
      hear(pusher.connection, 'error')
      const channel = pusher.subscribe('two words')
      hear(channel, 'pusher:subscription_error')
      await Promise.race([next(pusher.connection, 'error'), next(channel, 'pusher:subscription_error')])
      note(flags(channel))
    },
    differs: {
      row: 'a name that Pusher does not take',
      face: [
        [
          'pusher:subscription_error',
          {
            type: 'AuthError',
            error: 'two words is no name for a channel: Pusher takes up to 200 letters, digits and _ - = @ , . ;',
          },
          {},
        ],
        [{ subscribed: false, subscriptionPending: true, subscriptionCancelled: false }],
      ],
    },
  },
  {
    name: 'a cache channel without an event says so',
    async run({ connected, hear, next }) {
      const pusher = await connected()
      const channel = pusher.subscribe('cache-menu')
      hear(channel, 'pusher:subscription_succeeded', 'pusher:cache_miss')
      await next(channel, 'pusher:cache_miss')
    },
  },
  {
    name: 'a cache channel begins with its last event',
    async run({ connected, hear, next, server, settled }) {
      await server.trigger('cache-menu', 'changed', { dish: 1 })
      await server.trigger('cache-menu', 'changed', { dish: 2 })
      const pusher = await connected()
      const channel = pusher.subscribe('cache-menu')
      hear(channel, 'pusher:subscription_succeeded', 'changed')
      await next(channel, 'changed')
      await settled(channel)
    },
  },
  {
    name: 'of a cache channel that others are on, too, whoever comes late hears the last event',
    async run({ connected, subscribed, hear, next, server, settled }) {
      const first = await subscribed(await connected(), 'cache-menu')
      await server.trigger('cache-menu', 'changed', { dish: 1 })
      await server.trigger('cache-menu', 'changed', { dish: 2 })
      await settled(first)
      await server.trigger('cache-menu', 'changed', { dish: 3 })
      const pusher = await connected()
      const channel = pusher.subscribe('cache-menu')
      hear(channel, 'pusher:subscription_succeeded', 'changed')
      await next(channel, 'changed')
    },
  },
  {
    name: 'a second instance has channels of its own',
    async run({ connected, subscribed, hear, server, settled, note }) {
      const [one, two] = [await connected(), await connected()]
      const first = await subscribed(one, 'orders')
      const second = await subscribed(two, 'orders')
      hear(second, 'created')
      one.unsubscribe('orders')
      note(flags(first), flags(second))
      await server.trigger('orders', 'created', 1)
      await settled(second)
    },
  },
  {
    name: 'the disconnect of one instance is its own alone',
    async run({ connected, subscribed, hear, server, settled, note }) {
      const [one, two] = [await connected(), await connected()]
      await subscribed(one, 'orders')
      const channel = await subscribed(two, 'orders')
      hear(channel, 'created')
      hear(two.connection, 'state_change')
      one.disconnect()
      await server.trigger('orders', 'created', 1)
      await settled(channel)
      note(one.connection.state, two.connection.state)
    },
  },
]

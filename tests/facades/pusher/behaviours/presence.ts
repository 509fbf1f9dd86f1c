import type { PresenceChannel } from 'pusher-js'
import type { Behaviour } from '../behaviour.ts'

const CHANGES = ['pusher:subscription_succeeded', 'pusher:member_added', 'pusher:member_removed']

function membersOf(channel: unknown): object {
  const { count, me, myID, members } = (channel as PresenceChannel).members as unknown as Record<string, unknown>
  return { count, me, myID, members }
}

export const ofPresence: readonly Behaviour[] = [
  {
    name: 'the members of a presence channel are there when it is subscribed',
    async run({ connected, hear, next, server, note }) {
      await server.join('bob', 'presence-floor')
      const pusher = await connected()
      const channel = pusher.subscribe('presence-floor')
      note(membersOf(channel))
      hear(channel, ...CHANGES)
      const [members] = await next(channel, 'pusher:subscription_succeeded')
      note(membersOf(channel), members === (channel as PresenceChannel).members)
    },
  },
  {
    name: 'a member is found by id, and each is told',
    async run({ connected, subscribed, server, note }) {
      await server.join('bob', 'presence-floor')
      const { members } = (await subscribed(await connected(), 'presence-floor')) as PresenceChannel
      note(members.get('bob'), members.get('nobody'), members.get('toString'))
      members.each((member: unknown) => note(member))
    },
  },
  {
    name: 'who comes and who goes is told, and counted',
    async run({ connected, subscribed, hear, server, settled, note }) {
      const channel = await subscribed(await connected(), 'presence-floor')
      hear(channel, ...CHANGES)
      await server.join('bob', 'presence-floor')
      await settled(channel)
      note(membersOf(channel))
      await server.leave('bob', 'presence-floor')
      await settled(channel)
      note(membersOf(channel))
    },
  },
  {
    name: 'the same user on another browser is no other member',
    async run({ connected, subscribed, hear, server, settled, note }) {
      const channel = await subscribed(await connected(), 'presence-floor')
      hear(channel, ...CHANGES)
      await server.join('ann', 'presence-floor')
      await settled(channel)
      await server.leave('ann', 'presence-floor')
      await settled(channel)
      note(membersOf(channel))
    },
  },
  {
    name: 'an instance that comes later has the members of now',
    async run({ connected, subscribed, server, settled, note }) {
      const first = await subscribed(await connected(), 'presence-floor')
      await server.join('bob', 'presence-floor')
      await server.join('carol', 'presence-floor')
      await server.leave('bob', 'presence-floor')
      await settled(first)
      note(membersOf(await subscribed(await connected(), 'presence-floor')))
    },
  },
  {
    name: 'an id that is a number',
    async run({ connected, subscribed, url, note }) {
      const endpoint = { transport: 'ajax' as const, endpoint: `${url}/pusher/auth`, params: { user_id: 5 } }
      note(membersOf(await subscribed(await connected({ channelAuthorization: endpoint }), 'presence-floor')))
    },
  },
  {
    name: 'without a connection there are no members',
    async run({ connected, subscribed, note }) {
      const pusher = await connected()
      const channel = await subscribed(pusher, 'presence-floor')
      pusher.disconnect()
      note(membersOf(channel))
    },
  },
  {
    name: 'after a reconnect the members are told anew',
    async run({ connected, subscribed, hear, next, server, note }) {
      const channel = await subscribed(await connected(), 'presence-floor')
      hear(channel, ...CHANGES)
      const again = next(channel, 'pusher:subscription_succeeded')
      await server.closeAll(4200)
      await again
      note(membersOf(channel))
    },
  },
  {
    name: 'with a client event in a presence channel comes who has sent it',
    async run({ connected, subscribed, server, next, note }) {
      const channel = await subscribed(await connected(), 'presence-floor')
      await server.join('bob', 'presence-floor')
      const heard = next(channel, 'client-typing')
      await server.whisper('bob', 'presence-floor', 'client-typing', { n: 1 })
      note(await heard)
    },
  },
  {
    name: 'another instance hears who has sent a client event',
    async run({ connected, subscribed, next, note }) {
      const one = await subscribed(await connected(), 'presence-floor')
      const two = await subscribed(await connected(), 'presence-floor')
      const heard = next(two, 'client-typing')
      note(one.trigger('client-typing', { n: 1 }), await heard)
    },
  },
  {
    name: 'an event of the server in a presence channel has empty metadata',
    async run({ connected, subscribed, server, settled, hear }) {
      const channel = await subscribed(await connected(), 'presence-floor')
      hear(channel, 'created')
      await server.trigger('presence-floor', 'created', { id: 1 })
      await settled(channel)
    },
  },
  {
    name: 'a presence channel whose answer does not say who this is',
    async run({ connected, hear, next, note }) {
      const pusher = await connected({
        channelAuthorization: { customHandler: (_, callback) => callback(null, { auth: 'key:any' }) },
      })
      const channel = pusher.subscribe('presence-floor')
      hear(channel, 'pusher:subscription_error')
      await next(channel, 'pusher:subscription_error')
      note(channel.subscribed, channel.subscriptionPending)
    },
  },
]

import type { UserAuthenticationCallback } from 'pusher-js'
import type { Behaviour } from '../behaviour.ts'

const SUCCESS = 'pusher:signin_success'

async function answer(endpoint: string, body: URLSearchParams, callback: UserAuthenticationCallback): Promise<void> {
  const response = await fetch(endpoint, { method: 'POST', body })
  callback(null, (await response.json()) as { auth: string; user_data: string })
}

export const ofUser: readonly Behaviour[] = [
  {
    name: 'signin asks the endpoint and tells who it is',
    async run({ connected, hear, next, server, note }) {
      const pusher = await connected()
      hear(pusher, SUCCESS)
      note(pusher.user.signin_requested, pusher.user.user_data, pusher.user.signinDonePromise)
      const success = next(pusher, SUCCESS)
      pusher.signin()
      note(pusher.user.signin_requested)
      await success
      await pusher.user.signinDonePromise
      note(pusher.user.user_data, await server.asked())
    },
  },
  {
    name: 'signin before there is a connection waits for it, and twice is once',
    async run({ open, next, server, note }) {
      const pusher = open()
      pusher.signin()
      pusher.signin()
      await next(pusher, SUCCESS)
      note(await server.asked())
    },
  },
  {
    name: 'what the server sends to the user comes to pusher.user',
    async run({ connected, hear, next, server, until }) {
      const pusher = await connected()
      hear(pusher.user, 'greeted')
      pusher.signin()
      await next(pusher, SUCCESS)
      await until(async () => (await server.subscriptions()).includes('#server-to-user-ann'))
      const heard = next(pusher.user, 'greeted')
      await server.sendToUser('ann', 'greeted', { by: 'bob' })
      await heard
    },
  },
  {
    name: 'pusher.user.bind_global hears all of these, and none of the protocol’s',
    async run({ connected, next, server, until, note }) {
      const pusher = await connected()
      pusher.user.bind_global((...args: unknown[]) => note(...args))
      pusher.signin()
      await next(pusher, SUCCESS)
      await until(async () => (await server.subscriptions()).includes('#server-to-user-ann'))
      const heard = next(pusher.user, 'b')
      await server.sendToUser('ann', 'a', 1)
      await server.sendToUser('ann', 'b', { two: 2 })
      await heard
    },
  },
  {
    name: 'a signin that is refused',
    async run({ connected, hear, next, server, note }) {
      await server.refuseUser('ann')
      const pusher = await connected()
      hear(pusher.user, 'pusher:signin_error')
      const error = next(pusher.user, 'pusher:signin_error')
      pusher.signin()
      await error
      await pusher.user.signinDonePromise
      note(pusher.user.user_data, pusher.connection.state)
    },
  },
  {
    name: 'a customHandler signs the user in',
    async run({ connected, url, next, note }) {
      const pusher = await connected({
        userAuthentication: {
          customHandler({ socketId, ...more }, callback) {
            note(more, socketId === pusher.connection.socket_id)
            const body = new URLSearchParams({ socket_id: socketId, user_id: 'dora' })
            void answer(`${url}/pusher/user-auth`, body, callback)
          },
        },
      })
      pusher.signin()
      await next(pusher, SUCCESS)
      note(pusher.user.user_data)
    },
  },
  {
    name: 'a customHandler that refuses to sign in',
    async run({ connected, hear, next, note }) {
      const pusher = await connected({
        userAuthentication: { customHandler: (_, callback) => callback(new Error('not you'), null) },
      })
      hear(pusher.user, 'pusher:signin_error')
      const error = next(pusher.user, 'pusher:signin_error')
      pusher.signin()
      await error
      note(pusher.user.user_data)
    },
  },
  {
    name: 'after a reconnect the user is signed in anew',
    async run({ connected, next, server, note }) {
      const pusher = await connected()
      pusher.signin()
      await next(pusher, SUCCESS)
      const again = next(pusher, SUCCESS)
      await server.closeAll(4200)
      await again
      note(pusher.user.user_data, await server.asked())
    },
  },
  {
    name: 'a presence channel takes the user who is signed in',
    async run({ connected, hear, next, note }) {
      const pusher = await connected({
        channelAuthorization: {
          customHandler: (_, callback) => queueMicrotask(() => callback(null, { auth: 'key:any' })),
        },
      })
      pusher.signin()
      const channel = pusher.subscribe('presence-floor')
      // The server takes another signature; that the client asks it at all is what counts.
      hear(channel, 'pusher:subscription_error')
      await next(channel, 'pusher:subscription_error')
      note(pusher.user.user_data)
    },
  },
  {
    name: 'who of the watchlist is there, comes and goes',
    async run({ connected, url, hear, next, server, note }) {
      await server.signIn('bob')
      const pusher = await connected({
        userAuthentication: {
          transport: 'ajax',
          endpoint: `${url}/pusher/user-auth`,
          params: { user_id: 'ann', watchlist: 'bob,carol' },
        },
      })
      hear(pusher.user.watchlist, 'online', 'offline')
      const first = next(pusher.user.watchlist, 'online')
      pusher.signin()
      await first
      const second = next(pusher.user.watchlist, 'online')
      await server.signIn('carol')
      await second
      note('end')
    },
  },
  {
    name: 'disconnect signs the user out, and connect in again',
    async run({ connected, next, note }) {
      const pusher = await connected()
      pusher.signin()
      await next(pusher, SUCCESS)
      pusher.disconnect()
      note(pusher.user.user_data, pusher.user.signin_requested)
      pusher.connect()
      await next(pusher, SUCCESS)
      note(pusher.user.user_data)
    },
  },
]

import { startBroker } from 'partyline/worker'
import { pusher, type PusherOptions } from 'partyline/worker/pusher'
import { pusher as encrypted } from 'partyline/worker/pusher-encrypted'

const options: PusherOptions = {
  key: 'key',
  cluster: 'eu',
  channelAuthorization: {
    endpoint: 'https://example.com/pusher/auth',
    headers: credentials => ({ authorization: String(credentials?.['token']) }),
  },
}

startBroker(({ scope }) => ({ transport: scope === 'notes' ? encrypted(options) : pusher(options) }))

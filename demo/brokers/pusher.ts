import type { Transport } from 'partyline/worker'
import { pusher } from 'partyline/worker/pusher'
import { wired } from './wired.ts'
import { writingOverHttp } from './writing-over-http.ts'

/** The app's key, which is public. Filled in where the page is built: demo/server/page.mjs. */
declare const LINE_KEY: string

/** Pusher takes events from the house alone, so what is written goes there over HTTP. */
export function transportFor(name: string): Transport {
  const { origin, hostname, port, protocol } = self.location
  const tls = protocol === 'https:'
  const transport = pusher({
    key: LINE_KEY,
    host: hostname,
    port: Number(port) || (tls ? 443 : 80),
    tls,
    channelAuthorization: { endpoint: `${origin}/pusher/auth`, params: { name } },
  })
  const channels = { orders: 'private-orders', floor: 'presence-floor', house: 'private-house' }
  return writingOverHttp(wired(transport, { channels }), { url: `${origin}/api/messages`, name })
}

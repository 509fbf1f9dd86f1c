import type { Transport } from 'partyline/worker'
import { partylineCodec, webSocket } from 'partyline/worker/websocket'

/** Who is there is shown on the floor alone. */
export function transportFor(_name: string): Transport {
  return webSocket({
    url: `${self.location.origin}/socket`,
    codec: partylineCodec({ presence: channel => channel === 'floor' }),
  })
}

import type { Transport } from 'partyline/worker'
import { socketIo } from 'partyline/worker/socket-io'

export function transportFor(_name: string): Transport {
  return socketIo({ url: self.location.origin, rooms: { join: 'join', leave: 'leave' }, idempotencyKeys: true })
}

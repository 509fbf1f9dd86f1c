import { PartylineError } from '../../protocol/index.ts'
import { LOCAL_SLOT, type LocalSlot } from '../../protocol/local-slot.ts'
import type { Port } from '../host.ts'
import { openReception, type BrokerOptionsSource } from './reception.ts'

/**
 * A page without workers that can be shared: the client has imported the script, and opens a broker for each link.
 * @throws PartylineError `bad-options` when somebody else has imported it
 */
export function serveInPage(source: BrokerOptionsSource): void {
  const slots = globalThis as unknown as { readonly [slot: symbol]: LocalSlot<Port> | undefined }
  const receive = slots[Symbol.for(LOCAL_SLOT)]?.receive
  if (receive === undefined)
    throw new PartylineError(
      'bad-options',
      "startBroker was called in a page: it belongs into the worker's script, which connect({ worker }) opens and no page imports",
    )
  receive(address => openReception(() => address, source))
}

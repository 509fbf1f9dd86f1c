/** How a page that runs the broker itself and the worker's script, which it imports, find each other. */
import { PROTOCOL_VERSION } from './version.ts'
import type { BrokerAddress } from './worker-name.ts'

/** `globalThis[Symbol.for(LOCAL_SLOT)]` is the page's one {@link LocalSlot}. */
export const LOCAL_SLOT = `partyline/${PROTOCOL_VERSION.major}:local`

/**
 * One for each page and not for each copy of this package, because modules, too, are evaluated once in a page.
 * `Port` is a MessagePort, of which this folder knows nothing.
 */
export interface LocalSlot<Port> {
  /** Where `startBroker` hands itself over; there while a script is being imported for that. */
  receive?: (open: OpenLocalBroker<Port>) => void
  /** What scripts have handed over, by their URL: a module is evaluated only once. */
  readonly scripts: Map<string, Promise<OpenLocalBroker<Port>>>
  /** Settles with the import that is under way: two at once would be mixed up. Never rejects. */
  imports: Promise<unknown>
}

export type OpenLocalBroker<Port> = (address: BrokerAddress) => LocalBroker<Port>

export interface LocalBroker<Port> {
  accept(control: Port): void
  /** Ends its connection before it returns. */
  close(): void
}

import type { BrokerAddress, PartylineError } from '../../protocol/index.ts'
import type { HostName } from '../types.ts'

/** One way to reach a broker: opens it, or finds the one that runs already. */
export interface Host {
  readonly name: HostName
  /** @throws PartylineError when this way is not open in this browser */
  open(address: BrokerAddress): HostLink
}

export interface HostLink {
  /** The port for Comlink; its first message is the broker's announcement. */
  readonly control: MessagePort
  /** Resolves if the broker's script could not be loaded or run. */
  readonly failed: Promise<PartylineError>
  /** Idempotent. */
  close(): void
}

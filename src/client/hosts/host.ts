import type { BrokerAddress, BrokerScript, LastWord, PartylineError } from '../../protocol/index.ts'
import type { HostName } from '../types.ts'

/** One way to reach a broker. */
export interface Host {
  readonly name: HostName
  /**
   * Opens the broker at this address, or finds the one that runs already. Rejects with a PartylineError when
   * this way is not open in this browser, and with the signal's reason when it aborts.
   *
   * @param script where the broker runs that has taken over from another, for hosts that open one by its script
   */
  open(address: BrokerAddress, signal: AbortSignal, script?: BrokerScript): Promise<HostLink>
  /**
   * The page goes, or goes into the back/forward cache, or its line has ended: whatever it runs here for other tabs ends.
   * `open` may follow.
   *
   * @param why with `forgotten` other tabs hear the same, and need no other broker
   * @param word what they are to know if their broker ends with that
   */
  leave(why?: PartylineError, word?: LastWord): void
}

/** As much of a MessagePort or a BroadcastChannel as a tab needs. */
export interface TabPort {
  postMessage(message: unknown, transfer?: Transferable[]): void
  addEventListener(type: 'message', listener: (event: MessageEvent) => void): void
  removeEventListener(type: 'message', listener: (event: MessageEvent) => void): void
  start?(): void
  close(): void
}

/** A way to one broker, for one attachment. */
export interface HostLink {
  /** For Comlink; its first message is the broker's announcement. */
  readonly control: TabPort
  /** For frames. */
  readonly data: TabPort
  /** The other end of `data`, where it is to be moved to the broker with the `attach` call. */
  readonly moved?: MessagePort
  /** Resolves if the broker's script could not be loaded or run. */
  readonly failed: Promise<PartylineError>
  /** Closes both ports. Idempotent. */
  close(): void
}

/** A link of message ports. */
export function portLink(control: MessagePort, failed: HostLink['failed'], closed = (): void => {}): HostLink {
  const { port1: data, port2: moved } = new MessageChannel()
  return {
    control,
    data,
    moved,
    failed,
    close() {
      data.close()
      control.close()
      closed()
    },
  }
}

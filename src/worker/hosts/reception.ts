import {
  describe,
  PartylineError,
  PROTOCOL_VERSION,
  toWireError,
  type Announce,
  type BrokerAddress,
} from '../../protocol/index.ts'
import { createBroker, type BrokerDeps } from '../broker.ts'
import { browserHost } from '../browser-host.ts'
import type { Port } from '../host.ts'
import type { PeerHost } from '../peers/identity.ts'
import { resolveOptions, type BrokerOptions } from '../options.ts'

/** What a function of options is told. */
export interface BrokerContext {
  readonly scope: string
}

/** The options, or a function of them, for what depends on whose line it is. */
export type BrokerOptionsSource = BrokerOptions | ((context: BrokerContext) => BrokerOptions)

/** As much of a broker as those need who bring it ports. */
export interface Reception {
  readonly epoch: string
  /** It takes no ports any more. */
  readonly ended?: boolean
  /** A tab's control port; with `data` where no port can be moved over it. */
  accept(control: Port, data?: Port): void
  close(): void
}

/** Starts a broker. What is wrong does not throw here, where nobody would see it: every port that comes hears it. */
export function openReception(
  address: () => BrokerAddress,
  source: BrokerOptionsSource,
  place: Pick<BrokerDeps, 'forgottenTabs' | 'drained'> & { readonly host?: PeerHost } = {},
): Reception {
  try {
    const { scope, generation } = address()
    const options = resolveOptions(optionsFor(source, { scope }))
    const { host, ...rest } = place
    return createBroker({ host: browserHost(host), scope, generation, options, ...rest })
  } catch (error) {
    return refusing(error)
  }
}

/** Gives the broker for the next port: the first starts now, another when it has ended. */
export function successively(open: () => Reception): () => Reception {
  let present = open()
  return () => {
    if (present.ended === true) present = open()
    return present
  }
}

function optionsFor(source: BrokerOptionsSource, context: BrokerContext): BrokerOptions {
  if (typeof source !== 'function') return source
  try {
    return source(context)
  } catch (error) {
    if (error instanceof PartylineError) throw error
    throw new PartylineError('bad-options', `startBroker's function of options threw ${describe(error)}`, {
      cause: error,
    })
  }
}

function refusing(error: unknown): Reception {
  const epoch = 'not-started'
  const announce: Announce = {
    type: 'partyline:announce',
    protocol: PROTOCOL_VERSION,
    epoch,
    error: toWireError(error),
  }
  return { epoch, accept: port => port.postMessage(announce), close() {} }
}

import { parseVersion, PartylineError, type BrokerScript, type ProtocolVersion } from '../../protocol/index.ts'

/** Kinds of hosts that have others beside them. */
export type PeerHost = 'shared' | 'elected'

/** Who a broker is, as other brokers of its scope hear it. */
export interface Identity extends BrokerScript {
  readonly epoch: string
  /** Where it runs: tabs that cannot reach one kind are not sent there. */
  readonly host: PeerHost
  /** The app's own number of the deploy, where it gives one. */
  readonly build: number
  /** By the wall clock, in milliseconds since 1970. */
  readonly startedAt: number
}

/**
 * Positive when `a` takes over from `b`, and never 0 for two brokers: the newer protocol, then the one that
 * replaced another, then the later deploy, then the later start.
 */
export function compareRank(a: Identity, b: Identity): number {
  return (
    compareVersions(a.protocol, b.protocol) ||
    a.generation - b.generation ||
    a.build - b.build ||
    a.startedAt - b.startedAt ||
    (a.epoch < b.epoch ? -1 : Number(a.epoch > b.epoch))
  )
}

/** A minor difference must not decide: which deploy is the newer, `build` knows better. */
function compareVersions(a: ProtocolVersion, b: ProtocolVersion): number {
  return a.major - b.major
}

/** @throws PartylineError `bad-message` */
export function parseIdentity(value: unknown): Identity {
  const { protocol, epoch, host, build, generation, startedAt, url, type } = Object(value) as {
    [field: string]: unknown
  }
  if (
    typeof epoch !== 'string' ||
    typeof url !== 'string' ||
    (host !== 'shared' && host !== 'elected') ||
    (type !== 'module' && type !== 'classic') ||
    ![build, generation, startedAt].every(Number.isFinite)
  )
    throw new PartylineError('bad-message', 'a broker introduced itself with something else than an identity')
  return {
    protocol: parseVersion(protocol, 'identity.protocol'),
    epoch,
    host,
    build: build as number,
    generation: generation as number,
    startedAt: startedAt as number,
    url,
    type,
  }
}

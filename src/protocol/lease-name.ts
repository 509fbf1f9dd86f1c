import { PROTOCOL_VERSION } from './version.ts'
import type { BrokerAddress } from './worker-name.ts'

const PREFIX = `partyline/${PROTOCOL_VERSION.major}:tab`

/**
 * The Web Lock that a tab holds while it lives. It tells all others of the scope which broker the tab wants, so that
 * tabs agree on the next one without a place to write it down.
 */
export function toLeaseName({ scope, generation }: BrokerAddress, tabId: string): string {
  return `${PREFIX}:${generation}:${tabId}:${scope}`
}

/** The generation in a lease of this scope; `undefined` for any other lock. */
export function generationOf(lockName: string, scope: string): number | undefined {
  const [, , generation = '', tabId = ''] = lockName.split(':')
  const isLease = /^\d+$/.test(generation) && lockName === toLeaseName({ scope, generation: +generation }, tabId)
  return isLease ? +generation : undefined
}

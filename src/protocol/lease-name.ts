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

/** The BroadcastChannel on which tabs of a scope wake each other. No page listens there in the back/forward cache. */
export function tabsChannel(scope: string): string {
  return `${PREFIX}s:${scope}`
}

/** The generation in a lease of this scope; `undefined` for any other lock. */
export function generationOf(lockName: string, scope: string): number | undefined {
  const [, , generation = '', tabId = ''] = lockName.split(':')
  const isLease = /^\d+$/.test(generation) && lockName === toLeaseName({ scope, generation: +generation }, tabId)
  return isLease ? +generation : undefined
}

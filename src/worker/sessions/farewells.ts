/** What a tab hears when its broker lets it go. */
import { PartylineError, toWireError, type BrokerScript } from '../../protocol/index.ts'
import type { Farewell } from './session.ts'

/** It seemed dead, or took nothing. If it lives after all, it attaches again. */
export function letGo(): Farewell {
  const why = 'the broker let the tab go: it seemed dead, or took nothing'
  return { error: toWireError(new PartylineError('stale-epoch', why, { retryable: true })) }
}

export function forgotten(): Farewell {
  return { error: toWireError(forgottenError()) }
}

export function forgottenError(): PartylineError {
  return new PartylineError('forgotten', 'the line of this scope was ended by line.forget()')
}

/** Another broker has taken over. */
export function movedTo({ protocol, generation, url, type }: BrokerScript): Farewell {
  return { moved: { protocol, generation, url, type } }
}

/** The tab may have given this broker up meanwhile and asked another one for the same. */
export function pausedTooLong(): PartylineError {
  return new PartylineError('stale-epoch', 'this broker did not run for a while: attach again', { retryable: true })
}

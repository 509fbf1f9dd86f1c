import 'fake-indexeddb/auto'
import { openOutbox, type OpenOutboxOptions, type Outbox } from '../../../src/outbox/index.ts'

let browsers = 0

/** What one browser stores, in Node: brokers that share it find there what the others have left. */
export function nodeStorage(): (options: OpenOutboxOptions) => Promise<Outbox> {
  const name = `browser ${++browsers}`
  return options => openOutbox({ ...options, scope: `${name}:${options.scope}` })
}

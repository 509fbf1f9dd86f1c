import 'fake-indexeddb/auto'
import { openOutbox, type OpenOutboxOptions, type Outbox } from '../../../src/outbox/index.ts'

let browsers = 0

/** What one browser stores, in Node: brokers that share it find there what the others have left. */
export function nodeStorage(): (options: OpenOutboxOptions) => Promise<Outbox> {
  const name = `browser ${++browsers}`
  return options => openOutbox({ ...options, scope: `${name}:${options.scope}` })
}

/** Resolves when all that is asked of the outbox is done, and what follows from it in there. */
export async function idle(box: Outbox): Promise<void> {
  for (let times = 0; times < 4; times++) await box.refresh()
}

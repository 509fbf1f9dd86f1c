import type { Page } from '@playwright/test'
import { meetingNames } from '../../../src/protocol/meeting.ts'

/** The tab that runs the broker for all tabs of a scope; `undefined` while none does. */
export async function leaderOf(tabs: readonly Page[], scope: string, generation = 1): Promise<Page | undefined> {
  const { leader } = meetingNames({ scope, generation })
  const holds = await Promise.all(tabs.map(tab => holdsLock(tab, leader)))
  return tabs[holds.indexOf(true)]
}

/** A page learns its own id from a lock that only it can have. */
function holdsLock(tab: Page, name: string): Promise<boolean> {
  return tab.evaluate(async wanted => {
    const own = `whose-is-this:${crypto.randomUUID()}`
    const { held = [] } = await navigator.locks.request(own, () => navigator.locks.query())
    const clientId = held.find(lock => lock.name === own)?.clientId
    return held.some(lock => lock.name === wanted && lock.clientId === clientId)
  }, name)
}

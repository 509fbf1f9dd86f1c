import { expect } from 'vitest'
import type { SocketIoServer } from '../servers/socket-io-server.ts'
import type { AppTab } from './app-tab.ts'

/** Emits that many events on the channel of all tabs and returns the last one's number. */
export function tickMany(server: SocketIoServer, count: number): number {
  let last = 0
  for (let done = 0; done < count; done++) last = server.tick('orders')
  return last
}

/**
 * Emits events until every tab keeps up with them. For what may make tabs join anew: an event that is sent before
 * they have is told as lost and never comes.
 */
export async function keepUp(server: SocketIoServer, tabs: readonly AppTab[], withinMs = 5_000): Promise<void> {
  let previous = server.tick('orders')
  async function isThere(): Promise<boolean> {
    const newest = await Promise.all(tabs.map(async tab => (await tab.numbers()).at(-1) ?? 0))
    const expected = previous
    previous = server.tick('orders')
    return newest.every(n => n >= expected)
  }
  await expect.poll(isThere, { timeout: withinMs }).toBe(true)
}

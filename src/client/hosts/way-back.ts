import { fullJitter } from '../../lib/index.ts'
import { isAnnounce, tabsChannel, type BrokerAddress } from '../../protocol/index.ts'
import { abortable } from '../abortable.ts'
import type { HostOption, OnHost } from './host-choice.ts'
import type { Host, HostLink } from './host.ts'

/** How long until the next look. Each fetches the worker's script where that is what fails. */
const LOOK = { baseMs: 4_000, maxMs: 300_000 }
const ANSWER_MS = 10_000

/**
 * What made a host fail may pass, such as a script that could not be loaded for a moment, and by then its tabs may be on
 * different hosts, each with a connection of its own. Looks now and then whether a broker answers on the best host again,
 * and as soon as another tab wakes it; then moves the tab there.
 *
 * @param on where the tab is; the end of that ends it
 * @param turn makes the best host the one in use, and returns the one before
 */
export async function comeBack(best: HostOption, on: OnHost, turn: () => Host | undefined): Promise<void> {
  const { address, over, move } = on
  const others = openChannel(address.scope)
  try {
    for (let looks = 1; !over.aborted; looks++) {
      await pause(fullJitter(looks, Math.random(), LOOK), over, others)
      if (over.aborted || !(await isAnswered(best, address, over))) continue
      // Those that wait until they try again hear it, too.
      others?.postMessage('found')
      const before = turn()
      move()
      before?.leave()
    }
  } finally {
    others?.close()
  }
}

function openChannel(scope: string): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(tabsChannel(scope))
  } catch {
    return undefined
  }
}

/** Until the time is up, another tab has found the way, or it is over. */
function pause(ms: number, over: AbortSignal, others: BroadcastChannel | undefined): Promise<void> {
  const done = new AbortController()
  return new Promise<void>(resolve => {
    const timer = setTimeout(resolve, ms)
    over.addEventListener('abort', () => resolve(), { signal: done.signal })
    others?.addEventListener('message', () => resolve(), { signal: done.signal })
    done.signal.addEventListener('abort', () => clearTimeout(timer))
  }).finally(() => done.abort())
}

/** Whether a broker announces itself there that could start. */
async function isAnswered(option: HostOption, address: BrokerAddress, over: AbortSignal): Promise<boolean> {
  let host: Host | undefined
  let link: HostLink | undefined
  try {
    const there = (host = await option.load())
    return await abortable([over, AbortSignal.timeout(ANSWER_MS)], async done => {
      link = await there.open(address, done)
      // One that is no port is given only when a broker has announced itself on it.
      return link.moved === undefined || isAnnounced(link)
    })
  } catch {
    return false
  } finally {
    link?.close()
    host?.leave()
  }
}

function isAnnounced({ control, failed }: HostLink): Promise<boolean> {
  return new Promise(resolve => {
    control.addEventListener('message', ({ data }) => isAnnounce(data) && resolve(data.error === undefined))
    control.start?.()
    void failed.then(() => resolve(false))
  })
}

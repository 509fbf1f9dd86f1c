import { tabsChannel, type LastWord } from '../protocol/index.ts'

/**
 * Where a tab that has replaced a silent broker wakes those that do not know. By themselves they find out by timers,
 * which browsers hold back in hidden pages, for minutes where a page or the machine is busy; messages they deliver.
 * There also a tab that leaves with the broker says how far it had come.
 * To be closed before the page goes into the back/forward cache, where a message would end its stay.
 *
 * @param woken called whenever another tab posts there, whatever it says, but for a last word
 * @returns `undefined` in older browsers, and where a page may not have it
 */
export function openWakeUps(
  scope: string,
  woken: () => void,
  left: (word: LastWord) => void,
): BroadcastChannel | undefined {
  try {
    const channel = new BroadcastChannel(tabsChannel(scope))
    channel.addEventListener('message', ({ data }) => (data?.wanted ? left(data) : woken()))
    return channel
  } catch {
    return undefined
  }
}

import { tabsChannel, type LastWord } from '../../protocol/index.ts'

/**
 * Tells the other tabs how far this one had come in what it took alone. Besides it only the broker knows, which ends
 * with it.
 */
export function sayLastWord(scope: string, { marks, wanted }: LastWord): void {
  const taken = wanted.filter(({ deliver = 'all' }) => deliver !== 'all')
  if (taken.length === 0) return
  const others = new BroadcastChannel(tabsChannel(scope))
  others.postMessage({ marks, wanted: taken } satisfies LastWord)
  others.close()
}

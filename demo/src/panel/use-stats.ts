import type { Stats } from 'partyline'
import { useEffect, useState } from 'react'
import { useHouse } from '../house-context.ts'

const EVERY_MS = 1_000

/** The broker's figures, asked for every second while somebody looks. */
export function useStats(): Stats | undefined {
  const { line } = useHouse()
  const [stats, setStats] = useState<Stats>()
  useEffect(() => {
    const ended = new AbortController()
    const { signal } = ended
    const ask = (): void => {
      if (!document.hidden) line.stats({ signal }).then(setStats, () => {})
    }
    const timer = setInterval(ask, EVERY_MS)
    document.addEventListener('visibilitychange', ask, { signal })
    ask()
    return () => {
      clearInterval(timer)
      ended.abort()
    }
  }, [line])
  return stats
}

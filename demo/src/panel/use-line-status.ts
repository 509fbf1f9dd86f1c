import { useCallback, useSyncExternalStore } from 'react'
import { useHouse } from '../house-context.ts'

export function useLineStatus() {
  const { line } = useHouse()
  const subscribe = useCallback((listener: () => void) => line.on('status', listener), [line])
  const status = useSyncExternalStore(subscribe, () => line.status)
  const reason = useSyncExternalStore(subscribe, () => line.reason)
  return { status, reason }
}

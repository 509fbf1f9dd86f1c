import { useCallback, useSyncExternalStore } from 'react'
import { useHouse } from '../house-context.ts'

export function useLineStatus() {
  const { line } = useHouse()
  const subscribe = useCallback((listener: () => void) => line.on('status', listener), [line])
  const status = useSyncExternalStore(subscribe, () => line.status)
  const reason = useSyncExternalStore(subscribe, () => line.reason)
  /** An attempt to get it back leaves it down until it has succeeded. */
  const isDown = status === 'offline' || status === 'blocked' || (status === 'connecting' && reason === 'retry')
  return { status, reason, isDown }
}

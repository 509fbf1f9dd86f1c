/** A text in localStorage that all tabs of the browser share and follow. */
export interface Persisted {
  readonly get: () => string | null
  readonly set: (value: string | null) => void
  readonly subscribe: (listener: () => void) => () => void
}

export function createPersisted(key: string): Persisted {
  const listeners = new Set<() => void>()
  const tell = (): void => listeners.forEach(listener => listener())
  // Only the other tabs hear `storage`.
  addEventListener('storage', event => {
    if (event.key === key || event.key === null) tell()
  })
  return {
    get: () => localStorage.getItem(key),
    set(value) {
      if (value === null) localStorage.removeItem(key)
      else localStorage.setItem(key, value)
      tell()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

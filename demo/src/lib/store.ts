/**
 * A value outside React, fed by events. An update counts at once for the next update; what is shown
 * changes at most once a frame, however many events came in. A hidden tab gets no frames, so it
 * renders nothing until somebody looks.
 */
export interface Store<T> {
  readonly shown: () => T
  readonly update: (change: (current: T) => T) => void
  readonly subscribe: (listener: () => void) => () => void
}

export function createStore<T>(initial: T): Store<T> {
  const listeners = new Set<() => void>()
  let current = initial
  let shown = initial
  let frame = 0

  function show(): void {
    frame = 0
    shown = current
    for (const listener of listeners) listener()
  }

  return {
    shown: () => shown,
    update(change) {
      current = change(current)
      if (frame === 0 && current !== shown) frame = requestAnimationFrame(show)
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

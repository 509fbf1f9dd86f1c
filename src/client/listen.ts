import type { Emitter } from '../lib/index.ts'
import type { ListenOptions } from './types.ts'

/** Listens until the returned function is called or the signal aborts; `stopped` is called once, after either. */
export function listen<T>(
  emitter: Emitter<T>,
  listener: (value: T) => void,
  { signal }: ListenOptions = {},
  stopped?: () => void,
): () => void {
  if (signal?.aborted) return () => {}
  const remove = emitter.on(listener)
  function stop(): void {
    signal?.removeEventListener('abort', stop)
    if (remove()) stopped?.()
  }
  signal?.addEventListener('abort', stop)
  return stop
}

/**
 * Runs `start` and settles as its promise does, or rejects with the reason of the first of the signals that
 * aborts or has aborted before. `done` aborts as soon as it is settled, for what has to be cleaned up then.
 */
export async function abortable<T>(
  signals: readonly (AbortSignal | undefined)[],
  start: (done: AbortSignal) => Promise<T>,
): Promise<T> {
  for (const signal of signals) signal?.throwIfAborted()
  const done = new AbortController()
  const aborted = new Promise<never>((_resolve, reject) => {
    for (const signal of signals)
      signal?.addEventListener('abort', () => reject(signal.reason as Error), { signal: done.signal })
  })
  try {
    return await Promise.race([aborted, start(done.signal)])
  } finally {
    done.abort()
  }
}

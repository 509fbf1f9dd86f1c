const KINDS = ['uncaughtException', 'unhandledRejection'] as const

/** What is thrown while `run` runs and nobody catches, such as a library's own defects: it would end the process. */
export async function collectUncaught(run: () => Promise<unknown>): Promise<readonly unknown[]> {
  const thrown: unknown[] = []
  const collect = (error: unknown): void => void thrown.push(error)
  const restore = KINDS.map(kind => {
    const others = process.listeners(kind as 'uncaughtException')
    process.removeAllListeners(kind).on(kind, collect)
    return () => {
      process.removeAllListeners(kind)
      for (const other of others) process.on(kind, other)
    }
  })
  try {
    await run()
  } finally {
    for (const back of restore) back()
  }
  return thrown
}

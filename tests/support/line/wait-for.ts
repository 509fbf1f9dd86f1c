/** Resolves with the first value that is neither `undefined` nor `false`; looks again whenever the event loop is free. */
export async function waitFor<T>(
  look: () => T | undefined | false | Promise<T | undefined | false>,
  what: string,
  withinMs = 5_000,
): Promise<T> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > deadline) throw new Error(`still waiting for ${what} after ${withinMs} ms`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

const patienceMs = 10_000
const pauseMs = 10

/** Resolves once the probe does with `true`; a probe that throws is asked again, because pages go while they are asked. */
export async function eventually(what: string, probe: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + patienceMs
  let failure: unknown
  while (performance.now() < deadline) {
    try {
      if (await probe()) return
      failure = undefined
    } catch (error) {
      failure = error
    }
    await new Promise(resolve => setTimeout(resolve, pauseMs))
  }
  throw new Error(`still waiting for ${what} after ${patienceMs} ms`, { cause: failure })
}

import type { BenchEvent } from '../../lib/load.mjs'

/** One way of storing messages until a server has them. */
export interface Store {
  /** Hands all over at once. Resolves when all are stored, with the milliseconds from the first call on. */
  burst(events: readonly BenchEvent[]): Promise<number>
  /** Resolves when it is stored; not there where a page cannot ask for it. */
  one?(event: BenchEvent): Promise<unknown>
  /** Deletes what is stored. */
  end(): Promise<void>
}

/** Resolves when messages can be stored. */
export type OpenStore = (scope: string) => Promise<Store>

/** As an app's components would: none knows of the others. */
export async function allAtOnce(
  events: readonly BenchEvent[],
  store: (event: BenchEvent) => Promise<unknown>,
): Promise<number> {
  const start = performance.now()
  await Promise.all(events.map(store))
  return performance.now() - start
}

/** The page of the outbox bench. */
import { clock, makeEvent, type BenchEvent } from '../lib/load.mjs'
import { openLine, ready } from './stores/line.ts'
import type { OpenStore, Store } from './stores/store.ts'
import type { FillRequest } from './workers/fill.worker.ts'

const stores = {
  partyline: async () => (await import('./stores/partyline.ts')).openStore,
  'idb-keyval': async () => (await import('./stores/idb-keyval.ts')).openStore,
  workbox: async () => (await import('./stores/workbox.ts')).openWithSync,
  'workbox-without-sync': async () => (await import('./stores/workbox.ts')).openWithoutSync,
} satisfies Record<string, () => Promise<OpenStore>>

export type StoreName = keyof typeof stores

export interface Singles {
  readonly count: number
  readonly bytes: number
  /** How many a second; without it each follows when the one before it is stored. */
  readonly rate?: number | undefined
}

const LOOK_EVERY_MS = 50

let store: Store | undefined
let line: ReturnType<typeof openLine> | undefined

const outboxBench = {
  /** Resolves when messages can be stored. */
  async open(name: StoreName, scope: string): Promise<void> {
    const openStore = await stores[name]()
    store = await openStore(scope)
  },
  /** Resolves with milliseconds. */
  burst: async (count: number, bytes: number): Promise<number | undefined> => store?.burst(makeEvents(count, bytes)),
  /** Resolves with the milliseconds of each. */
  async singles({ count, bytes, rate }: Singles): Promise<readonly number[]> {
    const took: number[] = []
    const begin = performance.now()
    for (const [n, event] of makeEvents(count, bytes).entries()) {
      if (rate !== undefined) await sleep(begin + (n * 1000) / rate - performance.now())
      const start = performance.now()
      await store?.one?.(event)
      took.push(performance.now() - start)
    }
    return took
  },
  async end(): Promise<void> {
    await store?.end()
    store = undefined
  },

  /** Puts messages into the outbox of a scope, as an earlier visit would have left them. */
  fill(request: FillRequest): Promise<void> {
    const worker = new Worker(new URL('./workers/fill.worker.ts', import.meta.url), { type: 'module' })
    const filled = new Promise<void>((resolve, reject) => {
      worker.addEventListener('message', () => resolve())
      worker.addEventListener('error', ({ message }) => reject(new Error(message)))
      worker.postMessage(request)
    })
    return filled.finally(() => worker.terminate())
  },
  /** From opening the broker's worker to its answer that messages can be stored, and how many wait. */
  async start(scope: string): Promise<{ readonly ms: number; readonly waiting: number }> {
    const start = performance.now()
    line = openLine(scope)
    const waiting = await ready(line)
    return { ms: performance.now() - start, waiting }
  },
  /** Resolves when nothing waits any more, with the common clock's time. */
  async emptied(): Promise<number> {
    const present = line
    if (present !== undefined) while ((await ready(present)) > 0) await sleep(LOOK_EVERY_MS)
    return clock()
  },
  forget: async (): Promise<void> => line?.forget(),
}

function makeEvents(count: number, bytes: number): BenchEvent[] {
  return Array.from({ length: count }, (_, n) => makeEvent(0, n, bytes, false))
}

function sleep(ms: number): Promise<void> {
  return new Promise(resolve => {
    setTimeout(resolve, Math.max(0, ms))
  })
}

declare global {
  interface Window {
    outboxBench: typeof outboxBench
  }
}
window.outboxBench = outboxBench

import type { AppLine } from '../line.ts'
import { createStore, type Store } from '../lib/store.ts'

/** What this tab measures of its own events. One value a second, oldest first. */
export interface Measured {
  readonly rates: readonly number[]
  /** Median of each second's latencies in ms; the last known one for a second without events. */
  readonly latencies: readonly number[]
  readonly p50: number | undefined
  readonly p95: number | undefined
}

export type Meter = Store<Measured>

const SECONDS = 60
/** Seconds that p50 and p95 look back. */
const QUANTILES_OVER = 20
const MAX_SAMPLES = 500

/** Server's clock to handler: both are this machine's clock in the demo. */
export function createMeter(line: AppLine, signal: AbortSignal): Meter {
  const store = createStore<Measured>({ rates: [], latencies: [], p50: undefined, p95: undefined })
  const recent: number[][] = []
  let second: number[] = []
  let events = 0

  function record(payload: unknown): void {
    events++
    const latency = Math.max(0, Date.now() - sentAt(payload))
    if (Number.isFinite(latency) && second.length < MAX_SAMPLES) second.push(latency)
  }

  function tick(): void {
    recent.push(second)
    recent.splice(0, recent.length - QUANTILES_OVER)
    const samples = recent.flat()
    const [rate, median] = [events, quantile(second, 0.5)]
    store.update(({ rates, latencies }) => ({
      rates: [...rates, rate].slice(-SECONDS),
      latencies: [...latencies, median ?? latencies.at(-1) ?? 0].slice(-SECONDS),
      p50: quantile(samples, 0.5),
      p95: quantile(samples, 0.95),
    }))
    second = []
    events = 0
  }

  for (const name of ['orders', 'floor', 'house'] as const) line.channel(name).onAny(record, { signal })
  const timer = setInterval(tick, 1_000)
  signal.addEventListener('abort', () => clearInterval(timer))
  return store
}

function sentAt(payload: unknown): number {
  const at = (payload as { readonly at?: unknown } | null | undefined)?.at
  return typeof at === 'number' ? at : Number.NaN
}

function quantile(values: readonly number[], q: number): number | undefined {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))]
}

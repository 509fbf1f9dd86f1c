import { connect, type Line } from 'partyline'
import type { BenchEvent } from '../../lib/load.mjs'

export interface OutboxEvents {
  [lane: string]: { placed: BenchEvent }
}

/** The scope tells the worker what it is to do: see outbox.worker.ts. */
export function openLine(scope: string): Line<OutboxEvents> {
  return connect<OutboxEvents>({
    worker: options =>
      new SharedWorker(new URL('../workers/outbox.worker.ts', import.meta.url), { ...options, type: 'module' }),
    scope,
  })
}

const AGAIN_MS = 5

/** Resolves with how many wait when messages can be stored. */
export async function ready(line: Line<OutboxEvents>): Promise<number> {
  for (;;) {
    const counts = await line.outbox.counts().catch(whileThereIsNoBroker)
    if (counts?.storage === 'ready') return counts.waiting
    if (counts !== undefined) throw new Error(`the outbox is ${counts.storage}`)
    await new Promise(resolve => {
      setTimeout(resolve, AGAIN_MS)
    })
  }
}

function whileThereIsNoBroker(error: unknown): undefined {
  if ((error as { code?: unknown }).code !== 'stale-epoch') throw error
}

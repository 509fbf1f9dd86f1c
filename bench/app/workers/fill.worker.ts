import { openOutbox } from '../../../src/outbox/index.ts'
import { makeEvent } from '../../lib/load.mjs'

export interface FillRequest {
  readonly scope: string
  readonly count: number
  readonly bytes: number
  /** Over so many lanes in turn. */
  readonly lanes: number
}

/** So many are handed over together. */
const CHUNK = 5_000

async function fill({ scope, count, bytes, lanes }: FillRequest): Promise<void> {
  const box = await openOutbox({ scope, maxEntries: count, maxBytes: 2 ** 30 })
  for (let start = 0; start < count; start += CHUNK)
    await Promise.all(
      Array.from({ length: Math.min(CHUNK, count - start) }, (_, index) => {
        const n = start + index
        const channel = `orders-${n % lanes}`
        return box.add({
          key: crypto.randomUUID(),
          lane: channel,
          body: { kind: 'message', channel, event: 'placed', payload: makeEvent(0, n, bytes, false) },
          bytes,
          createdAt: Date.now(),
        })
      }),
    )
  box.close()
}

addEventListener('message', ({ data }: MessageEvent<FillRequest>) => void fill(data).then(() => postMessage('filled')))

import type { BenchEvent } from '../../lib/load.mjs'
import { attachToPort } from './port.ts'
import type { Attach } from './contender.ts'

/** Bare frames of 64 events, unanswered: what ports can do at most. */
export const attach: Attach = receive => {
  const worker = new SharedWorker(new URL('../workers/frames.worker.ts', import.meta.url), {
    type: 'module',
    name: 'frames',
  })
  return attachToPort(worker.port, frame => {
    for (const event of frame as BenchEvent[]) receive(event)
  })
}

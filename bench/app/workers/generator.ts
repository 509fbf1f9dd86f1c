import { runLoad, type BenchEvent, type Load } from '../../lib/load.mjs'
import { sleep } from './sleep.ts'

export interface Generator {
  run(load: Load): void
  /** Ends a paced load early. */
  stop(): void
}

/** Sends loads inside the worker, so that routing and ports are what is measured. */
export function createGenerator(deliver: (event: BenchEvent) => void, flush?: () => void): Generator {
  let control = { stopped: false }
  return {
    run(load) {
      control = { stopped: false }
      void runLoad(load, { deliver, sleep, ...(flush && { flush }) }, control)
    },
    stop() {
      control.stopped = true
    },
  }
}

import type { Browser } from '@playwright/test'
import { runIn } from '../e2e/cdp.ts'
import type { WorkerChoice } from '../e2e/workers.ts'

/**
 * Makes a worker hang for `ms`, or for good with `Infinity`: no task of it runs, its sockets stay open, and what comes
 * in waits and is handled when it goes on, in order, also from tabs that have closed their ports or gone by then. It
 * waits instead of looping, which nobody outside can tell apart, because a loop would take one of few processors from
 * the rest of the test. One that hangs already does so for its own time and no longer.
 *
 * Resolves when it hangs. Nothing wakes it before its time; {@link killBroker} (of a SharedWorker),
 * {@link crashWorkerHost}, closing the browser, the end of its last tab and, of a dedicated one, its tab's
 * `terminate()` end it as they would end any other.
 * @param matching chooses among several
 */
export async function hangBroker(browser: Browser, ms: number, matching?: WorkerChoice): Promise<void> {
  // As a task of its own, so that this one is answered.
  await runIn(browser, `setTimeout(() => (${wait.toString()})(${ms}))`, matching)
}

function wait(ms: number): void {
  // Where pages are not isolated, only WebAssembly still gives out shared memory.
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true })
  Atomics.wait(new Int32Array(memory.buffer), 0, 0, ms)
}

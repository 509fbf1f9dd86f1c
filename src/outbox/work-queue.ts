import { deferred, type Deferred } from '../lib/index.ts'
import { PartylineError } from '../protocol/index.ts'

export interface Job<Context> {
  /** Runs in a transaction that it shares with others, and again when that fails; throws before it has written anything. */
  run(context: Context): Promise<unknown>
  /** As things stand what others like it write does not concern it: it begins while they run, in order. */
  readonly isIndependent: (context: Context) => boolean
}

interface Waiting<Context> extends Job<Context> {
  readonly done: Deferred<unknown>
}

/** So that one transaction does not hold up the others of the database for long. */
const MAX_JOBS = 500

/**
 * Gathers what is asked in one tick, and what is asked while a transaction runs, into the next transaction, in order.
 * Many small transactions cost ten times as much.
 */
export class WorkQueue<Context> {
  readonly #transact: (use: (context: Context) => Promise<void>) => Promise<void>
  #waiting: Waiting<Context>[] = []
  #isRunning = false

  /** @param transact runs the function in one transaction, or in another when that fails; resolves when it is complete */
  constructor(transact: (use: (context: Context) => Promise<void>) => Promise<void>) {
    this.#transact = transact
  }

  /** Resolves with the job's result when its transaction is complete. */
  do<T>(run: (context: Context) => Promise<T>): Promise<T> {
    return this.doBeside(run, () => false)
  }

  /** As {@link do}, without waiting for others of its kind where `isIndependent` says so. */
  async doBeside<T>(run: (context: Context) => Promise<T>, isIndependent: Job<Context>['isIndependent']): Promise<T> {
    const done = deferred<unknown>()
    this.#waiting.push({ run, isIndependent, done })
    if (!this.#isRunning) {
      this.#isRunning = true
      queueMicrotask(() => void this.#runAll())
    }
    return done.promise as Promise<T>
  }

  async #runAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#runSome(this.#waiting.splice(0, MAX_JOBS))
    this.#isRunning = false
  }

  async #runSome(jobs: readonly Waiting<Context>[]): Promise<void> {
    let settle: (() => void)[] = []
    try {
      await this.#transact(async context => {
        settle = []
        let running: Promise<void>[] = []
        for (const [index, { run, isIndependent, done }] of jobs.entries()) {
          const isBeside = isIndependent(context)
          if (!isBeside) {
            await Promise.all(running)
            running = []
          }
          const settled = run(context).then(
            value => void (settle[index] = () => done.resolve(value)),
            (error: unknown) => void (settle[index] = () => done.reject(error)),
          )
          if (isBeside) running.push(settled)
          else await settled
        }
        await Promise.all(running)
      })
      for (const tell of settle) tell()
    } catch (error) {
      if (jobs.length > 1 && isOutOfRoom(error)) return this.#runEach(jobs)
      for (const { done } of jobs) done.reject(error)
    }
  }

  /** What was too much together may be little enough alone, and what needs no room must not suffer for what does. */
  async #runEach(jobs: readonly Waiting<Context>[]): Promise<void> {
    for (const job of jobs) await this.#runSome([job])
  }
}

/** The browser has no room for what a transaction was to write. */
export function isOutOfRoom(error: unknown): boolean {
  return error instanceof PartylineError && error.code === 'storage-full'
}

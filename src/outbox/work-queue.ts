import { deferred, type Deferred } from '../lib/index.ts'
import { PartylineError } from '../protocol/index.ts'

/**
 * Runs in a transaction that it shares with others, and again when that fails. Gives one outcome for each input, in
 * order.
 */
export type Operation<Context, Input, Result> = (
  context: Context,
  inputs: readonly Input[],
) => Promise<readonly PromiseSettledResult<Result>[]>

interface Job<Context> {
  readonly operation: Operation<Context, unknown, unknown>
  readonly input: unknown
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
  #waiting: Job<Context>[] = []
  #isRunning = false

  /** @param transact runs the function in one transaction, or in another when that fails; resolves when it is complete */
  constructor(transact: (use: (context: Context) => Promise<void>) => Promise<void>) {
    this.#transact = transact
  }

  /** Resolves with the job's result when its transaction is complete. It throws before it has written anything. */
  do<Result>(run: (context: Context) => Promise<Result>): Promise<Result> {
    return this.doTogether(context => Promise.allSettled([run(context)]), undefined)
  }

  /** As {@link do}, for what is asked for several times in a row: the operation gets all that comes one after the other. */
  doTogether<Input, Result>(operation: Operation<Context, Input, Result>, input: Input): Promise<Result> {
    const done = deferred<unknown>()
    this.#waiting.push({ operation: operation as Operation<Context, unknown, unknown>, input, done })
    if (!this.#isRunning) {
      this.#isRunning = true
      queueMicrotask(() => void this.#runAll())
    }
    return done.promise as Promise<Result>
  }

  async #runAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#runSome(this.#waiting.splice(0, MAX_JOBS))
    this.#isRunning = false
  }

  async #runSome(jobs: readonly Job<Context>[]): Promise<void> {
    let outcomes: PromiseSettledResult<unknown>[] = []
    try {
      await this.#transact(async context => {
        outcomes = []
        for (const row of inRows(jobs)) {
          const inputs = row.map(({ input }) => input)
          outcomes.push(...((await row[0]?.operation(context, inputs)) ?? []))
        }
      })
    } catch (error) {
      if (jobs.length > 1 && isOutOfRoom(error)) return this.#runEach(jobs)
      outcomes = jobs.map(() => ({ status: 'rejected', reason: error }))
    }
    for (const [index, { done }] of jobs.entries()) {
      const outcome = outcomes[index]
      if (outcome?.status === 'fulfilled') done.resolve(outcome.value)
      else done.reject(outcome?.reason)
    }
  }

  /** What was too much together may be little enough alone, and what needs no room must not suffer for what does. */
  async #runEach(jobs: readonly Job<Context>[]): Promise<void> {
    for (const job of jobs) await this.#runSome([job])
  }
}

/** Those of the same operation that follow each other. */
function inRows<Context>(jobs: readonly Job<Context>[]): readonly (readonly Job<Context>[])[] {
  const rows: Job<Context>[][] = []
  for (const job of jobs) {
    const row = rows.at(-1)
    if (row?.[0]?.operation === job.operation) row.push(job)
    else rows.push([job])
  }
  return rows
}

/** The browser has no room for what a transaction was to write. */
export function isOutOfRoom(error: unknown): boolean {
  return error instanceof PartylineError && error.code === 'storage-full'
}

import type { Browser, CDPSession } from '@playwright/test'

export interface RunningWorker {
  readonly targetId: string
  /** Partyline's workers are called `partyline:<generation>:<scope>`, with the scope URI-encoded. */
  readonly name: string
  readonly url: string
  /** A DevTools session is attached. */
  readonly isAttached: boolean
}

const letGoMs = 1_000

/** Chooses among the SharedWorkers that run. */
export type WorkerChoice = (worker: RunningWorker) => boolean

/**
 * The one SharedWorker that runs, or the one of several that `matching` chooses.
 * @throws when it is none or more than one
 */
export async function findWorker(session: CDPSession, matching: WorkerChoice = () => true): Promise<RunningWorker> {
  const running = await runningWorkers(session)
  const chosen = running.filter(matching)
  const [worker] = chosen
  if (worker !== undefined && chosen.length === 1) return worker
  const names = running.map(({ name }) => name).join(', ') || 'none'
  throw new Error(`expected one SharedWorker, found ${chosen.length}; there run: ${names}`)
}

/**
 * Such a worker, as soon as no DevTools session is attached to it, so that it can be ended: Chromium starts the next
 * worker of its name paused for a session that was attached to the last one, and it stays paused until all of its tabs
 * have gone. Playwright attaches to each new worker for a moment; one that a test keeps attached is not waited for long.
 */
export async function findWorkerToEnd(session: CDPSession, matching?: WorkerChoice): Promise<RunningWorker> {
  const deadline = performance.now() + letGoMs
  let worker = await findWorker(session, matching)
  while (worker.isAttached && performance.now() < deadline) worker = await findWorker(session, matching)
  return worker
}

/** The SharedWorkers of this browser. One that hangs counts; one that was left by its last tab ceases to at once. */
export async function runningWorkers(session: CDPSession): Promise<RunningWorker[]> {
  const { targetInfos } = await session.send('Target.getTargets')
  return targetInfos
    .filter(({ type }) => type === 'shared_worker')
    .map(({ targetId, title, url, attached }) => ({ targetId, name: title, url, isAttached: attached }))
}

/** Lends a session with the browser itself, and detaches it whatever happens. */
export async function withBrowserSession<T>(browser: Browser, use: (session: CDPSession) => Promise<T>): Promise<T> {
  const session = await browser.newBrowserCDPSession()
  try {
    return await use(session)
  } finally {
    await session.detach()
  }
}

import type { Browser, CDPSession } from '@playwright/test'

export interface RunningWorker {
  readonly targetId: string
  /** A dedicated one belongs to one page, and goes with it. */
  readonly kind: 'shared' | 'dedicated'
  /** Partyline's workers are called `partyline/<major>:<generation>:<scope>`, with the scope URI-encoded. */
  readonly name: string
  readonly url: string
  /** A DevTools session is attached. */
  readonly isAttached: boolean
}

const letGoMs = 1_000

const kinds: Readonly<Record<string, RunningWorker['kind']>> = { shared_worker: 'shared', worker: 'dedicated' }

/** Chooses among the workers that run. */
export type WorkerChoice = (worker: RunningWorker) => boolean

/**
 * The one worker that runs, or the one of several that `matching` chooses.
 * @throws when it is none or more than one
 */
export async function findWorker(session: CDPSession, matching: WorkerChoice = () => true): Promise<RunningWorker> {
  const running = await runningWorkers(session)
  const chosen = running.filter(matching)
  const [worker] = chosen
  if (worker !== undefined && chosen.length === 1) return worker
  const names = running.map(({ name }) => name).join(', ') || 'none'
  throw new Error(`expected one worker, found ${chosen.length}; there run: ${names}`)
}

/**
 * Such a worker, a SharedWorker as soon as no DevTools session is attached to it, so that it can be ended: Chromium
 * starts the next one of its name paused for a session that was attached to the last one, and it stays paused until all
 * of its tabs have gone. Playwright attaches to each new one for a moment; one that a test keeps attached is not waited
 * for long. To dedicated workers it stays attached, which does no harm: each start of one is another worker.
 */
export async function findWorkerToEnd(session: CDPSession, matching?: WorkerChoice): Promise<RunningWorker> {
  const deadline = performance.now() + letGoMs
  let worker = await findWorker(session, matching)
  while (worker.kind === 'shared' && worker.isAttached && performance.now() < deadline)
    worker = await findWorker(session, matching)
  return worker
}

/** The workers of this browser. One that hangs counts; one that was left by its last tab ceases to at once. */
export async function runningWorkers(session: CDPSession): Promise<RunningWorker[]> {
  const { targetInfos } = await session.send('Target.getTargets')
  return targetInfos.flatMap(({ targetId, type, title, url, attached }) => {
    const kind = kinds[type]
    return kind === undefined ? [] : [{ targetId, kind, name: title, url, isAttached: attached }]
  })
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

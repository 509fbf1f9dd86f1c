import { deferred } from '../../lib/index.ts'
import { PartylineError } from '../../protocol/index.ts'
import { parseMeeting, type PortMessage } from '../../protocol/meeting.ts'
import { announceEnd } from './announce-end.ts'
import { portLink, type HostLink } from './host.ts'

/** The worker that the elected tab runs for all, and the tab's own links to it. */
export class Leader {
  readonly #worker: Worker
  readonly #links = new Map<HostLink, MessagePort>()
  readonly #failed = deferred<PartylineError>()
  readonly #started = deferred<void>()
  readonly #over = deferred<void>()
  #hasStarted = false

  constructor(worker: Worker) {
    this.#worker = worker
    worker.addEventListener('message', ({ data }) => {
      if (parseMeeting(data)?.type !== 'here') return
      this.#hasStarted = true
      this.#started.resolve()
    })
    // Browsers tell no reason for a script that cannot be loaded. Later it is an error of the app's own.
    worker.addEventListener('error', ({ message }) => {
      if (!this.#hasStarted)
        this.end(new PartylineError('worker-failed', `no worker; is its URL right? ${message}`, { retryable: true }))
    })
  }

  get hasStarted(): boolean {
    return this.#hasStarted
  }

  /** Resolves when there is a broker, or when the worker is ended before. */
  get started(): Promise<void> {
    return this.#started.promise
  }

  /** Resolves when the worker is ended, by whomever. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  link(): HostLink {
    const { port1, port2 } = new MessageChannel()
    this.#worker.postMessage({ type: 'partyline:port' } satisfies PortMessage, [port2])
    const link = portLink(port1, this.#failed.promise, () => this.#links.delete(link))
    this.#links.set(link, port1)
    return link
  }

  /** Ends the worker, and the links to it: with an error whoever listens to them hears it. Idempotent. */
  end(error?: PartylineError): void {
    this.#worker.terminate()
    this.#started.resolve()
    this.#over.resolve()
    if (error === undefined) for (const link of this.#links.keys()) link.close()
    else {
      this.#failed.resolve(error)
      for (const port of this.#links.values()) announceEnd(port, error)
    }
  }
}

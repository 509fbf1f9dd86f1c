import { isScopeQuestion, type PageMessage, type ScopeAnswer } from '../../protocol/index.ts'
import type { Line } from '../types.ts'
import { wakeWhileWaiting } from './wake-later.ts'

/** As much of a line as tells whose it is. */
export type ScopedLine = Pick<Line, 'scope' | 'status' | 'on' | 'outbox'>

/** Tells the service worker whose line this page has: when it may not know, and when it asks. */
export class PageScope {
  readonly #container: ServiceWorkerContainer
  #scope: string | undefined
  #ended = new AbortController()

  constructor(container: ServiceWorkerContainer, signal: AbortSignal) {
    this.#container = container
    const options = { signal }
    container.addEventListener('controllerchange', () => this.#tell(), options)
    // After the back/forward cache, and where the page was there before its worker was.
    addEventListener('pageshow', () => this.#tell(), options)
    container.addEventListener(
      'message',
      ({ data, ports: [port] }) => {
        if (!isScopeQuestion(data)) return
        const answer: ScopeAnswer = { scope: this.#scope }
        port?.postMessage(answer)
      },
      options,
    )
    container.startMessages()
    signal.addEventListener('abort', () => this.#ended.abort())
  }

  /** From now on the page is this one's; of a line as long as it is not closed. */
  use(whose: ScopedLine | string | undefined): void {
    this.#ended.abort()
    this.#ended = new AbortController()
    if (typeof whose !== 'object') return this.#become(whose)
    this.#become(whose.status === 'closed' ? undefined : whose.scope)
    const { signal } = this.#ended
    whose.on('status', ({ status }) => status === 'closed' && this.#become(undefined), { signal })
    void this.#container.ready.then(registration => wakeWhileWaiting(whose, registration, signal))
  }

  #become(scope: string | undefined): void {
    this.#scope = scope
    this.#tell()
  }

  #tell(): void {
    const { controller, ready } = this.#container
    if (controller !== null) return this.#tellWorker(controller)
    // Before the first worker claims the page, and after a reload past it.
    void ready.then(({ active }) => this.#tellWorker(active))
  }

  #tellWorker(worker: ServiceWorker | null): void {
    const message: PageMessage = { type: 'partyline:scope', scope: this.#scope }
    worker?.postMessage(message)
  }
}

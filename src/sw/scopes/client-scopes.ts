import { parseScopeAnswer, type ScopeQuestion } from '../../protocol/index.ts'

export interface ClientScopesDeps {
  readonly clients: Pick<Clients, 'get' | 'matchAll'>
  readonly timeoutMs: number
}

/** More than anybody has tabs. */
const MAX_CLIENTS = 500

/**
 * Which page has whose line. Pages tell it; a service worker that was stopped since asks each of them once, because
 * it remembers nothing.
 */
export class ClientScopes {
  readonly #deps: ClientScopesDeps
  /** With `undefined`: has no line, or did not answer. */
  readonly #known = new Map<string, string | undefined>()
  readonly #asked = new Map<string, Promise<string | undefined>>()
  /** Ends the wait for the answer. */
  readonly #answered = new Map<string, () => void>()

  constructor(deps: ClientScopesDeps) {
    this.#deps = deps
  }

  /** A page tells its scope. */
  told(clientId: string, scope: string | undefined): void {
    this.#known.delete(clientId)
    this.#known.set(clientId, scope)
    this.#answered.get(clientId)?.()
    const [oldest] = this.#known.keys()
    if (this.#known.size > MAX_CLIENTS && oldest !== undefined) this.#known.delete(oldest)
  }

  /** As far as it is known. */
  peek(clientId: string): string | undefined {
    return this.#known.get(clientId)
  }

  /** Its pages have no line any more, until they tell otherwise. */
  forget(scope: string): void {
    for (const [clientId, known] of this.#known) if (known === scope) this.#known.set(clientId, undefined)
  }

  /** Of the pages that are open, one for each; `undefined` for those that have none. */
  async present(): Promise<readonly (string | undefined)[]> {
    // Also those that were reloaded past the service worker: their user is there, with the user's cookies.
    const pages = await this.#deps.clients.matchAll({ type: 'window', includeUncontrolled: true })
    return Promise.all(pages.map(({ id }) => this.of(id)))
  }

  async of(clientId: string): Promise<string | undefined> {
    if (this.#known.has(clientId)) return this.#known.get(clientId)
    const asking = this.#asked.get(clientId) ?? this.#ask(clientId)
    this.#asked.set(clientId, asking)
    const scope = await asking
    this.#asked.delete(clientId)
    // What it has told meanwhile is newer.
    if (!this.#known.has(clientId)) this.told(clientId, scope)
    return this.#known.get(clientId)
  }

  async #ask(clientId: string): Promise<string | undefined> {
    const client = clientId === '' ? undefined : await this.#deps.clients.get(clientId)
    // Workers cannot hear the question.
    if (client?.type !== 'window') return undefined
    const { port1, port2 } = new MessageChannel()
    const question: ScopeQuestion = { type: 'partyline:whose' }
    try {
      return await new Promise<string | undefined>(resolve => {
        setTimeout(resolve, this.#deps.timeoutMs, undefined)
        this.#answered.set(clientId, () => resolve(undefined))
        port1.addEventListener('message', ({ data }) => resolve(parseScopeAnswer(data).scope))
        port1.start()
        client.postMessage(question, [port2])
      })
    } finally {
      this.#answered.delete(clientId)
      port1.close()
    }
  }
}

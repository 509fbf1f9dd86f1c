import type { OutboxCounts, OutboxEntry, OutboxNotice, OutboxRequest } from '../protocol/index.ts'
import { Emitter } from './emitter.ts'
import type { LineOutbox, ListenOptions, ListOptions } from './types.ts'

export interface ClientOutboxDeps {
  ask(request: OutboxRequest): Promise<unknown>
  /** Somebody listens from now on. */
  watched(): void
}

/** What the scope has stored, as a tab sees it. */
export class ClientOutbox implements LineOutbox {
  readonly #deps: ClientOutboxDeps
  readonly #changes = new Emitter<OutboxCounts>()
  isWatched = false

  constructor(deps: ClientOutboxDeps) {
    this.#deps = deps
  }

  counts(): Promise<OutboxCounts> {
    return this.#ask({ type: 'counts' })
  }

  list({ state = 'waiting', count = 100, after = 0 }: ListOptions = {}): Promise<readonly OutboxEntry[]> {
    return this.#ask({ type: 'list', state, count, after })
  }

  retry(...keys: string[]): Promise<readonly string[]> {
    return this.#ask({ type: 'retry', keys })
  }

  drop(...keys: string[]): Promise<readonly string[]> {
    return this.#ask({ type: 'drop', keys })
  }

  onChange(listener: (counts: OutboxCounts) => void, options?: ListenOptions): () => void {
    const stop = this.#changes.on(listener, options)
    this.isWatched = true
    this.#deps.watched()
    return stop
  }

  /** For the line: the broker has told. */
  changed(notice: OutboxNotice): void {
    const { type: _, ...counts } = notice
    this.#changes.emit(counts)
  }

  #ask<T>(request: OutboxRequest): Promise<T> {
    return this.#deps.ask(request) as Promise<T>
  }
}

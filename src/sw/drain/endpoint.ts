import type { Notes } from '../../outbox/index.ts'
import type { ResolvedEndpoint } from '../options.ts'
import { toEndpointMessage, type MessageEntry } from './batch.ts'
import { parseEndpointAnswer, type EndpointResult } from './endpoint-answer.ts'
import { parseRetryAfter } from './verdict.ts'

export type EndpointOutcome =
  | { readonly type: 'answered'; readonly results: ReadonlyMap<string, EndpointResult> }
  /** Nothing is known of any of them. */
  | { readonly type: 'wait'; readonly retryAfterMs?: number | undefined; readonly isForNetwork?: boolean }
  /** Fewer may go; one alone never will. */
  | { readonly type: 'too-large' }

export interface EndpointDeps {
  readonly options: ResolvedEndpoint
  readonly notes: Pick<Notes, 'takesGzip' | 'setTakesGzip'>
  reportError(error: unknown): void
}

/** Smaller ones are not worth it. */
const COMPRESS_BYTES = 1_024

/** Where the app's server takes messages over HTTP. */
export class Endpoint {
  readonly #deps: EndpointDeps

  constructor(deps: EndpointDeps) {
    this.#deps = deps
  }

  get batchSize(): number {
    return this.#deps.options.batchSize
  }

  async post(scope: string, entries: readonly MessageEntry[], signal: AbortSignal): Promise<EndpointOutcome> {
    const { options, reportError } = this.#deps
    let request: Request
    try {
      request = await this.#request(scope, JSON.stringify({ scope, messages: entries.map(toEndpointMessage) }))
    } catch (error) {
      // The app's own function of headers.
      reportError(error)
      return { type: 'wait' }
    }
    const response = await fetch(request, { credentials: options.credentials, signal }).catch(() => undefined)
    if (response === undefined) return { type: 'wait', isForNetwork: true }
    await this.#learn(response)
    return this.#read(response)
  }

  async #request(scope: string, body: string): Promise<Request> {
    const headers = new Headers(await this.#headers(scope))
    headers.set('content-type', 'application/json')
    const compressed = await this.#compressed(body)
    if (compressed !== undefined) headers.set('content-encoding', 'gzip')
    return new Request(this.#deps.options.endpoint, { method: 'POST', headers, body: compressed ?? body })
  }

  async #read(response: Response): Promise<EndpointOutcome> {
    if (response.status === 413) return { type: 'too-large' }
    if (!response.ok)
      return { type: 'wait', retryAfterMs: parseRetryAfter(response.headers.get('retry-after'), Date.now()) }
    try {
      return { type: 'answered', results: parseEndpointAnswer(await response.json()) }
    } catch (error) {
      this.#deps.reportError(error)
      return { type: 'wait' }
    }
  }

  async #headers(scope: string): Promise<Readonly<Record<string, string>>> {
    const { headers } = this.#deps.options
    return typeof headers === 'function' ? headers({ scope }) : headers
  }

  async #compressed(body: string): Promise<ArrayBuffer | undefined> {
    const { options, notes } = this.#deps
    if (body.length < COMPRESS_BYTES || typeof CompressionStream === 'undefined') return undefined
    if (!(await notes.takesGzip(options.endpoint).catch(() => false))) return undefined
    return new Response(new Blob([body]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer()
  }

  /** A server tells in any answer which encodings of requests it takes. https://www.rfc-editor.org/rfc/rfc9110#field.accept-encoding */
  async #learn({ status, headers }: Response): Promise<void> {
    const { options, notes, reportError } = this.#deps
    const accepted = headers.get('accept-encoding')
    if (accepted === null && status !== 415) return
    const takes = status !== 415 && /\bgzip\b/i.test(accepted ?? '')
    await notes.setTakesGzip(options.endpoint, takes).catch(reportError)
  }
}

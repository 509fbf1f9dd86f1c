import { PartylineError } from '../../protocol/index.ts'
import { toUpstreamError, UpstreamError } from '../upstream/transport.ts'
import type { Carrier, CarrierListener } from './websocket-carrier.ts'
import { toHttpError } from './websocket-causes.ts'
import type { Frame } from './websocket-codec.ts'
import { EventStreamReader } from './websocket-event-stream.ts'

export interface StreamAddress {
  readonly events: string
  readonly publish: string
  readonly headers: { readonly [header: string]: string }
  readonly credentials: RequestCredentials
  readonly maxFrameBytes: number
  /** A stream that breaks is followed by another, with the id of the last event. */
  readonly resumes: boolean
  readonly gather?: ((frames: readonly string[]) => string) | undefined
  readonly bye?: (() => string) | undefined
}

/** Before each attempt to go on after a stream has broken; the last of them is the last attempt. */
const RESUME_DELAYS_MS = [0, 500, 2_000]
/** Between the beginnings of two streams, where something ends each as soon as it is there. */
const MIN_INTERVAL_MS = 500

/**
 * A carrier without a socket: frames come as events of one stream after the other, and go as requests, of which there is
 * one at a time, so that they arrive in order. Both carry the same id as `session` in their address.
 */
export class StreamCarrier implements Carrier {
  readonly #address: StreamAddress
  readonly #listener: CarrierListener
  readonly #session = randomId()
  readonly #abort = new AbortController()
  #waiting: string[] = []
  #isPosting = false
  #isOpen = false
  #lastEventId = ''
  /** Streams that ended without a single event, since the last one that had one. */
  #failures = 0

  constructor(address: StreamAddress, listener: CarrierListener) {
    this.#address = address
    this.#listener = listener
    this.#run().catch((error: unknown) => this.#closed(toUpstreamError(error)))
  }

  send(frame: Frame): void {
    if (typeof frame !== 'string')
      throw new PartylineError('invalid-payload', 'only text can be sent while there is no WebSocket')
    this.#waiting.push(frame)
    if (this.#isPosting) return
    this.#isPosting = true
    this.#post().catch((error: unknown) => this.#closed(toUpstreamError(error)))
  }

  close(): void {
    if (this.#abort.signal.aborted) return
    const { bye } = this.#address
    this.#abort.abort()
    // Whether it arrives or not: the server finds out by itself, later.
    if (this.#isOpen && bye !== undefined) this.#request(bye(), { keepalive: true }).catch(() => {})
  }

  #closed(error: UpstreamError): void {
    if (this.#abort.signal.aborted) return
    this.#abort.abort()
    this.#listener.closed(error)
  }

  async #run(): Promise<void> {
    for (;;) {
      const startedAt = performance.now()
      const why = await this.#readStream().then(
        () => new UpstreamError('network', 'the event stream has ended'),
        (error: unknown) => error,
      )
      await this.#mayResume(why, startedAt + MIN_INTERVAL_MS - performance.now())
    }
  }

  /** Waits a moment; throws what has happened where that was the last of it. */
  async #mayResume(why: unknown, leastMs: number): Promise<void> {
    this.#abort.signal.throwIfAborted()
    const delayMs = RESUME_DELAYS_MS[this.#failures++]
    const isFinal = why instanceof UpstreamError && why.kind !== 'network'
    if (!this.#address.resumes || this.#lastEventId === '' || delayMs === undefined || isFinal) throw why
    await new Promise(resolve => setTimeout(resolve, Math.max(delayMs, leastMs)))
  }

  async #readStream(): Promise<void> {
    const response = await this.#open()
    if (!this.#isOpen) this.#listener.opened()
    this.#isOpen = true
    const reader = new EventStreamReader(this.#address.maxFrameBytes)
    const text = response.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      const { done, value = '' } = await text.read()
      if (done || this.#abort.signal.aborted) return
      const { blocks, tooLarge } = reader.read(value)
      if (tooLarge > 0)
        this.#listener.malformed('too-large', `an event of more than ${this.#address.maxFrameBytes} bytes`)
      for (const { data, lastEventId } of blocks) {
        if (this.#abort.signal.aborted) return
        this.#failures = 0
        if (lastEventId !== '') this.#lastEventId = lastEventId
        this.#listener.received(data)
      }
    }
  }

  async #open(): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const { events, headers, credentials } = this.#address
    const response = await fetch(this.#url(events, this.#lastEventId), {
      headers: { ...headers, accept: 'text/event-stream' },
      cache: 'no-store',
      credentials,
      signal: this.#abort.signal,
    })
    check(response)
    // What stands between may answer in the server's place, with a page.
    const type = response.headers.get('content-type') ?? 'nothing'
    if (!type.startsWith('text/event-stream') || response.body === null)
      throw new UpstreamError('network', `expected text/event-stream; the answer is ${type}`)
    return response.body
  }

  async #post(): Promise<void> {
    // What is asked in one tick goes together.
    await Promise.resolve()
    while (this.#waiting.length > 0 && !this.#abort.signal.aborted) {
      const response = await this.#request(this.#nextBody(), { signal: this.#abort.signal })
      await response.body?.cancel()
      check(response)
    }
    this.#isPosting = false
  }

  #nextBody(): string {
    const { gather, maxFrameBytes } = this.#address
    const count = gather === undefined ? 1 : fitting(this.#waiting, maxFrameBytes)
    const frames = this.#waiting.splice(0, count)
    return gather?.(frames) ?? frames.join('')
  }

  #request(body: string, more: RequestInit): Promise<Response> {
    const { publish, headers, credentials } = this.#address
    return fetch(this.#url(publish), { method: 'POST', body, headers, credentials, ...more })
  }

  #url(address: string, lastEventId = ''): string {
    const url = new URL(address)
    url.searchParams.set('session', this.#session)
    // Not as a header, for which browsers would ask another origin's server first.
    if (lastEventId !== '') url.searchParams.set('lastEventId', lastEventId)
    return url.href
  }
}

/** @throws UpstreamError */
function check({ ok, status, headers }: Response): void {
  if (!ok) throw toHttpError(status, headers.get('retry-after'), Date.now())
}

/** How many from the first on fit into one request; at least one. */
function fitting(frames: readonly string[], maxBytes: number): number {
  let bytes = 0
  const end = frames.findIndex(frame => (bytes += 3 * frame.length + 1) > maxBytes)
  return end < 0 ? frames.length : Math.max(1, end)
}

function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('')
}

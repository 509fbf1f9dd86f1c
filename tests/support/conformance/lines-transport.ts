import {
  fromChannelId,
  PartylineError,
  toUpstreamError,
  UpstreamError,
  type OpenRequest,
  type Transport,
  type TransportLink,
  type TransportSink,
  type UpstreamMessage,
} from '../../../src/worker/index.ts'

/** Events come as lines of JSON in one answer that never ends; everything else goes by POST. */
export function lines(url: string): Transport {
  return {
    name: 'lines',
    capabilities: { acknowledgement: true },
    create: sink => new LinesLink(url, sink),
  }
}

class LinesLink implements TransportLink {
  readonly #url: string
  readonly #sink: TransportSink
  #connection: { readonly abort: AbortController; readonly id: string } | undefined
  /** One after the other, so that they arrive in order. */
  #lastPost: Promise<unknown> = Promise.resolve()

  constructor(url: string, sink: TransportSink) {
    this.#url = url
    this.#sink = sink
  }

  async open({ credentials, signal }: OpenRequest): Promise<void> {
    const abort = new AbortController()
    signal.addEventListener('abort', () => abort.abort(signal.reason))
    try {
      signal.throwIfAborted()
      const headers = { authorization: `Bearer ${String(credentials?.['token'])}` }
      const response = await fetch(this.#url, { headers, signal: abort.signal })
      if (!response.ok || response.body === null) throw refusal(response)
      const incoming = readLines(response.body)
      const { value: id } = await incoming.next()
      if (id === undefined) throw new UpstreamError('network', 'the connection ended before a welcome')
      this.#connection = { abort, id }
      void this.#listen(incoming, id)
    } catch (error) {
      abort.abort()
      throw toUpstreamError(error)
    }
  }

  async join(channel: string): Promise<void> {
    if (fromChannelId(channel).params !== undefined) throw new UpstreamError('refused', 'no parameters here')
    await this.#post({ type: 'join', channel })
  }

  leave(channel: string): void {
    if (this.#connection !== undefined) this.#post({ type: 'leave', channel }).catch(() => undefined)
  }

  publish({ channel, event, payload }: UpstreamMessage): Promise<unknown> {
    return this.#post({ type: 'publish', channel, event, payload })
  }

  close(): void {
    this.#connection?.abort.abort()
    this.#connection = undefined
  }

  #post(message: object): Promise<unknown> {
    const { abort: { signal } = {}, id } = this.#connection ?? {}
    if (signal === undefined) throw new UpstreamError('network', 'no connection is open')
    const body = toJson(message)
    const reply = this.#lastPost.then(async () => {
      const response = await fetch(`${this.#url}/${id}`, { method: 'POST', body, signal })
      if (!response.ok) throw refusal(response)
      return response.json() as Promise<unknown>
    })
    this.#lastPost = reply.catch(() => undefined)
    return reply.catch((error: unknown) => Promise.reject(toUpstreamError(error)))
  }

  async #listen(incoming: AsyncIterable<string>, id: string): Promise<void> {
    try {
      for await (const line of incoming) if (this.#connection?.id === id) this.#received(line)
    } catch {
      // Told below, like an end.
    }
    if (this.#connection?.id !== id) return
    this.close()
    this.#sink.lost(new UpstreamError('network', 'the connection ended'))
  }

  #received(line: string): void {
    const { channel, event, payload } = (fromJson(line) ?? {}) as Partial<UpstreamMessage>
    if (typeof channel === 'string' && typeof event === 'string') this.#sink.event({ channel, event, payload })
    else this.#sink.malformed('line', `a line of ${line.length} characters is no event`)
  }
}

function refusal({ status, headers }: Response): UpstreamError {
  if (status === 401) return new UpstreamError('credentials', 'not with this token')
  if (status === 403) return new UpstreamError('refused', 'not allowed')
  const retryAfterMs = Number(headers.get('retry-after') ?? 1) * 1_000
  if (status === 429) return new UpstreamError('rate-limited', 'too many', { retryAfterMs })
  return new UpstreamError('network', `status ${status}`)
}

async function* readLines(body: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder()
  let rest = ''
  for (const reader = body.getReader(); ;) {
    const { value, done } = await reader.read()
    if (done) return
    const texts = (rest + decoder.decode(value, { stream: true })).split('\n')
    rest = texts.pop() ?? ''
    yield* texts
  }
}

function toJson(message: object): string {
  try {
    return JSON.stringify(message)
  } catch (cause) {
    throw new PartylineError('invalid-payload', 'JSON cannot hold this payload', { cause })
  }
}

function fromJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

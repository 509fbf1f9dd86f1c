import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { withBase64 } from './base64.ts'
import type { ServerMessage } from './messages.ts'
import { Session, type SessionDeps } from './session.ts'

export interface StreamConnectionDeps {
  readonly session: SessionDeps
  /** How long it waits for its client to come back. */
  readonly keptMs: number
  /** How many messages it has for a client that comes back. */
  readonly maxKept: number
  /** How long the client is to wait until it comes back. */
  readonly retryMs: number
  readonly onDetached: () => void
  readonly onEnd: () => void
}

interface Kept {
  readonly n: number
  readonly text: string
}

/** A client's session over event streams: it outlives a stream that breaks, and goes on in the next one. */
export class StreamConnection {
  readonly #deps: StreamConnectionDeps
  readonly #session: Session
  /** A part of the ids, so that those of an earlier session under the same name are not mistaken for its own. */
  readonly #life = randomBytes(4).toString('hex')
  #kept: Kept[] = []
  #count = 0
  #response: ServerResponse | undefined
  #isSilent = false
  #timer: NodeJS.Timeout | undefined

  constructor(deps: StreamConnectionDeps) {
    this.#deps = deps
    this.#session = new Session({ send: message => this.#send(message), close: this.close }, deps.session)
  }

  get isAttached(): boolean {
    return this.#response !== undefined
  }

  /** What is sent to it gets nowhere. */
  get isSilent(): boolean {
    return this.#isSilent
  }

  /** Whether all after this id is still here. */
  canResume(lastEventId: string | undefined): boolean {
    const n = this.#numberOf(lastEventId)
    return n !== undefined && n <= this.#count && n >= this.#count - this.#kept.length
  }

  /** Takes the place of the stream that there was. With an id the client gets what it has not got yet. */
  attach(response: ServerResponse, lastEventId?: string): void {
    clearTimeout(this.#timer)
    if (!this.#isSilent) this.#response?.end()
    this.#response = response
    this.#isSilent = false
    response.once('close', () => this.#detached(response))
    const n = this.#numberOf(lastEventId)
    this.writeRaw(`retry: ${this.#deps.retryMs}\n`)
    this.writeRaw(block({ type: 'open', resumed: n !== undefined }, n === undefined ? this.#id(0) : undefined))
    for (const kept of this.#kept) if (n !== undefined && kept.n > n) this.writeRaw(kept.text)
  }

  receive(message: unknown): void {
    this.#session.receive(message)
  }

  /** Half-open until the client comes with another stream. */
  silence(): void {
    this.#isSilent = true
  }

  writeRaw(text: string | Uint8Array): void {
    if (!this.#isSilent) this.#response?.write(text)
  }

  readonly close = (code: number, reason: string): void => {
    this.writeRaw(block({ type: 'close', code, reason }))
    this.end()
  }

  end(): void {
    clearTimeout(this.#timer)
    const response = this.#response
    this.#response = undefined
    if (!this.#isSilent) response?.end()
    this.#session.end()
    this.#deps.onEnd()
  }

  #send(message: ServerMessage): void {
    const n = ++this.#count
    const text = block(withBase64(message), this.#id(n))
    this.#kept = [...this.#kept, { n, text }].slice(-this.#deps.maxKept)
    this.writeRaw(text)
  }

  #detached(response: ServerResponse): void {
    if (this.#response !== response) return
    this.#response = undefined
    this.#timer = setTimeout(() => this.end(), this.#deps.keptMs)
    this.#deps.onDetached()
  }

  #id(n: number): string {
    return `${this.#life}-${n}`
  }

  #numberOf(id: string | undefined): number | undefined {
    const [life, n] = id?.split('-') ?? []
    return life === this.#life && /^\d+$/.test(n ?? '') ? Number(n) : undefined
  }
}

/** One event of a stream. One without an id leaves the client's last one as it is. */
export function block(message: object, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(message)}\n\n`
}

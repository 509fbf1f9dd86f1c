import { deferred, timerMs, type Deferred } from '../../lib/index.ts'
import type { Credentials, CredentialsOp } from '../../protocol/index.ts'
import type { BrokerHost } from '../host.ts'
import type { CredentialsForAttempt } from './connection.ts'
import { UpstreamError, type AuthorisationRequest } from './transport.ts'

/** A tab that can be asked for credentials. */
export interface CredentialSource {
  readonly hasCredentials: boolean
  readonly visible: boolean
  /** @param request what for, where it is not the connection itself */
  askCredentials(id: number, request?: AuthorisationRequest): void
}

export interface CredentialsDeps {
  readonly host: BrokerHost
  readonly timeoutMs: number
  /** The tabs attached now. */
  sources(): Iterable<CredentialSource>
  /** The connection has new credentials, ahead of the expiry of the old ones. */
  renewed(credentials: Credentials): void
}

/**
 * Gets credentials from the tabs: one is asked at a time, a visible one first, the next when it does not
 * answer in time. Kept in memory only, and until a little before they expire.
 */
export class CredentialDesk {
  readonly #deps: CredentialsDeps
  readonly #asked = new Map<number, { source: CredentialSource; answer: Deferred<Credentials> }>()
  #cached: Credentials | undefined
  /** Everybody who asks while a question is open waits for its answer. */
  #asking: Promise<Credentials | undefined> | undefined
  /** The same for each thing that only the app can authorise. */
  readonly #authorising = new Map<string, Promise<Credentials>>()
  #cancelRenewal = (): void => {}
  #nextId = 1

  constructor(deps: CredentialsDeps) {
    this.#deps = deps
  }

  async get(signal: AbortSignal, fresh: boolean): Promise<CredentialsForAttempt> {
    if (!fresh && this.#cached !== undefined && !this.#isExpiring(this.#cached))
      return { credentials: this.#cached, cached: true }
    const credentials = await this.#ask()
    signal.throwIfAborted()
    return { credentials, cached: false }
  }

  /**
   * Rejects with an {@link UpstreamError} `no-credentials` when no tab can give any.
   * @param request an empty one asks for the connection's own, which take the place of those that are kept
   */
  authorise(request: AuthorisationRequest): Promise<Credentials> {
    if (Object.keys(request).length === 0) return this.#ask().then(required)
    const key = JSON.stringify(request)
    const asking = this.#authorising.get(key) ?? this.#askTabs(request).then(required)
    this.#authorising.set(key, asking)
    return asking.finally(() => this.#authorising.delete(key))
  }

  /** Nothing is renewed any more. */
  close(): void {
    this.#cancelRenewal()
  }

  /** Asks anew; true when what comes differs from what there was. */
  async changed(signal: AbortSignal): Promise<boolean> {
    const before = JSON.stringify(this.#cached)
    const { credentials } = await this.get(signal, true)
    return JSON.stringify(credentials) !== before
  }

  /** A tab's answer. One that nobody waits for any more, or from another tab than was asked, is ignored. */
  answer(source: CredentialSource, op: CredentialsOp): void {
    const asked = this.#asked.get(op.id)
    if (asked?.source !== source) return
    if (op.credentials === undefined) asked.answer.reject(new Error('the tab has none; its console says why'))
    else asked.answer.resolve(op.credentials)
  }

  /** A tab went: if it was the one asked, the next is. */
  forget(source: CredentialSource): void {
    for (const asked of this.#asked.values())
      if (asked.source === source) asked.answer.reject(new Error('the tab went before it answered'))
  }

  async #ask(): Promise<Credentials | undefined> {
    this.#asking ??= this.#askTabs().finally(() => {
      this.#asking = undefined
    })
    this.#cached = await this.#asking
    this.#armRenewal()
    return this.#cached
  }

  /** A failure is not tried again: the next attempt to connect asks in any case. */
  #armRenewal(): void {
    const { host } = this.#deps
    this.#cancelRenewal()
    const { expiresAt } = this.#cached ?? {}
    if (expiresAt === undefined) return
    const ms = expiresAt - EXPIRY_MARGIN_MS - host.wallClock()
    if (ms <= 0) return
    this.#cancelRenewal = host.setTimer(timerMs(ms), () => {
      if (this.#cached !== undefined && !this.#isExpiring(this.#cached)) this.#armRenewal()
      else void this.#renew().catch(host.reportError)
    })
  }

  async #renew(): Promise<void> {
    const credentials = await this.#ask()
    if (credentials !== undefined) this.#deps.renewed(credentials)
  }

  async #askTabs(request?: AuthorisationRequest): Promise<Credentials | undefined> {
    const asked = new Set<CredentialSource>()
    const errors: string[] = []
    for (let source = this.#next(asked); source !== undefined; source = this.#next(asked)) {
      asked.add(source)
      try {
        return await this.#askOne(source, request)
      } catch (error) {
        errors.push(error instanceof Error ? error.message : String(error))
      }
    }
    if (errors.length === 0) return undefined
    throw new UpstreamError('no-credentials', `no tab could give credentials (${errors.join('; ')})`)
  }

  /** Of the tabs that are there now. */
  #next(asked: ReadonlySet<CredentialSource>): CredentialSource | undefined {
    const left = [...this.#deps.sources()].filter(source => source.hasCredentials && !asked.has(source))
    return left.find(({ visible }) => visible) ?? left[0]
  }

  /** Against the wall clock, because that is what `expiresAt` is on. */
  #isExpiring({ expiresAt }: Credentials): boolean {
    return expiresAt !== undefined && expiresAt - EXPIRY_MARGIN_MS <= this.#deps.host.wallClock()
  }

  async #askOne(source: CredentialSource, request?: AuthorisationRequest): Promise<Credentials> {
    const { host, timeoutMs } = this.#deps
    const id = this.#nextId++
    const answer = deferred<Credentials>()
    const cancel = host.setTimer(timeoutMs, () => answer.reject(new Error(`no answer within ${timeoutMs} ms`)))
    this.#asked.set(id, { source, answer })
    try {
      source.askCredentials(id, request)
      return await answer.promise
    } finally {
      cancel()
      this.#asked.delete(id)
    }
  }
}

/** So early are new ones asked for: no attempt that is under way is to be overtaken by the expiry. */
const EXPIRY_MARGIN_MS = 10_000

function required(given: Credentials | undefined): Credentials {
  if (given !== undefined) return given
  throw new UpstreamError('no-credentials', 'no tab can give credentials: connect({ credentials })')
}

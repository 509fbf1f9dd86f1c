import { deferred } from '../../lib/index.ts'
import { fromBase64 } from './pusher-answers.ts'
import type { SecretBox } from './pusher-client.ts'

export interface EncryptedChannelsDeps {
  readonly secretBox: SecretBox
  /** How long the app has for another key. */
  readonly renewWithinMs: number
  /** Events of one channel behind one for which a key is asked. */
  readonly maxWaiting: number
  /** Asks for the key again: the app's server may have another one by now. */
  renew(channel: string, signal: AbortSignal): Promise<Uint8Array | undefined>
  event(channel: string, event: string, payload: unknown): void
  /** An event that cannot be read, not even with a new key. */
  unreadable(channel: string, event: string): void
  /** So many events of the channel are lost here. */
  missed(channel: string, events: number): void
}

interface Sealed {
  readonly event: string
  readonly data: unknown
}

/** Events that wait for another key. */
interface Renewal {
  readonly abort: AbortController
  readonly waiting: Sealed[]
  /** Those for which there was no room, behind all that wait. */
  dropped: number
}

interface EncryptedChannel {
  key: Uint8Array
  renewal: Renewal | undefined
}

/** Opens what comes in encrypted channels, and hands it over in the order in which it came. */
export class EncryptedChannels {
  readonly #deps: EncryptedChannelsDeps
  readonly #channels = new Map<string, EncryptedChannel>()

  constructor(deps: EncryptedChannelsDeps) {
    this.#deps = deps
  }

  add(channel: string, key: Uint8Array): void {
    this.#channels.set(channel, { key, renewal: undefined })
  }

  /** What waits is dropped. */
  remove(channel: string): void {
    this.#channels.get(channel)?.renewal?.abort.abort()
    this.#channels.delete(channel)
  }

  clear(): void {
    for (const channel of this.#channels.keys()) this.remove(channel)
  }

  /** False for a channel of which there is no key. */
  receive(name: string, event: string, data: unknown): boolean {
    const channel = this.#channels.get(name)
    if (channel === undefined) return false
    const sealed = { event, data }
    if (channel.renewal !== undefined) this.#wait(channel.renewal, sealed)
    else if (!this.#open(name, channel, sealed)) void this.#renew(name, channel, sealed)
    return true
  }

  #wait(renewal: Renewal, sealed: Sealed): void {
    if (renewal.waiting.length < this.#deps.maxWaiting) renewal.waiting.push(sealed)
    else renewal.dropped++
  }

  async #renew(name: string, channel: EncryptedChannel, first: Sealed): Promise<void> {
    const renewal: Renewal = { abort: new AbortController(), waiting: [first], dropped: 0 }
    channel.renewal = renewal
    // Without a new one the old one is tried again, and what it does not open is told.
    channel.key = (await this.#askForKey(name, renewal.abort)) ?? channel.key
    channel.renewal = undefined
    if (this.#channels.get(name) === channel) this.#catchUp(name, channel, renewal)
  }

  /** `undefined` where there is none in time. */
  async #askForKey(name: string, abort: AbortController): Promise<Uint8Array | undefined> {
    const { renew, renewWithinMs } = this.#deps
    const { signal } = abort
    const timer = setTimeout(() => abort.abort(), renewWithinMs)
    const aborted = deferred<undefined>()
    signal.addEventListener('abort', () => aborted.resolve(undefined))
    try {
      // A tab does not hear of the end.
      return await Promise.race([renew(name, signal), aborted.promise])
    } catch {
      return undefined
    } finally {
      clearTimeout(timer)
    }
  }

  /** What is missing is told where it is missing. */
  #catchUp(name: string, channel: EncryptedChannel, { waiting, dropped }: Renewal): void {
    const { unreadable, missed } = this.#deps
    let lost = 0
    for (const sealed of waiting) {
      const text = this.#unseal(channel, sealed)
      if (text === undefined) {
        unreadable(name, sealed.event)
        lost++
        continue
      }
      if (lost > 0) missed(name, lost)
      lost = 0
      this.#tell(name, sealed, text)
    }
    if (lost + dropped > 0) missed(name, lost + dropped)
  }

  #open(name: string, channel: EncryptedChannel, sealed: Sealed): boolean {
    const text = this.#unseal(channel, sealed)
    if (text !== undefined) this.#tell(name, sealed, text)
    return text !== undefined
  }

  #unseal({ key }: EncryptedChannel, { data }: Sealed): string | undefined {
    return unseal(data, key, this.#deps.secretBox)
  }

  #tell(name: string, { event }: Sealed, text: string): void {
    this.#deps.event(name, event, toPayload(text))
  }
}

const NONCE_BYTES = 24

/** `undefined` where this is not the key, or nothing is sealed. */
export function unseal(data: unknown, key: Uint8Array, secretBox: SecretBox): string | undefined {
  const { ciphertext, nonce } = (data ?? {}) as { ciphertext?: unknown; nonce?: unknown }
  if (typeof ciphertext !== 'string' || typeof nonce !== 'string') return undefined
  const [box, once] = [fromBase64(ciphertext), fromBase64(nonce)]
  if (box === undefined || once?.length !== NONCE_BYTES) return undefined
  const bytes = secretBox.open(box, once, key)
  return bytes === null ? undefined : new TextDecoder().decode(bytes)
}

/** JSON or text, as the server's `data` is elsewhere. */
function toPayload(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

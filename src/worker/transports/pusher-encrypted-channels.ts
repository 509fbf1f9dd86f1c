import { fromBase64 } from './pusher-answers.ts'
import type { SecretBox } from './pusher-client.ts'

export interface EncryptedChannelsDeps {
  readonly secretBox: SecretBox
  /** Asks for the key again: the app's server may have another one by now. */
  renew(channel: string): Promise<Uint8Array | undefined>
  event(channel: string, event: string, payload: unknown): void
  /** An event that cannot be read, not even with a new key. */
  unreadable(channel: string, event: string): void
}

interface Sealed {
  readonly event: string
  readonly data: unknown
}

interface EncryptedChannel {
  key: Uint8Array
  /** Events behind one for which a key is asked; `undefined` while none is. */
  waiting: Sealed[] | undefined
}

/** Opens what comes in encrypted channels, and hands it over in the order in which it came. */
export class EncryptedChannels {
  readonly #deps: EncryptedChannelsDeps
  readonly #channels = new Map<string, EncryptedChannel>()

  constructor(deps: EncryptedChannelsDeps) {
    this.#deps = deps
  }

  add(channel: string, key: Uint8Array): void {
    this.#channels.set(channel, { key, waiting: undefined })
  }

  /** What waits is dropped. */
  remove(channel: string): void {
    this.#channels.delete(channel)
  }

  clear(): void {
    this.#channels.clear()
  }

  receive(name: string, event: string, data: unknown): void {
    const channel = this.#channels.get(name)
    if (channel === undefined) return
    const sealed = { event, data }
    if (channel.waiting !== undefined) channel.waiting.push(sealed)
    else if (!this.#open(name, channel, sealed)) void this.#renew(name, channel, sealed)
  }

  async #renew(name: string, channel: EncryptedChannel, first: Sealed): Promise<void> {
    const waiting = [first]
    channel.waiting = waiting
    // Without a new one the old one is tried again, and what it does not open is told.
    channel.key = (await this.#deps.renew(name).catch(() => undefined)) ?? channel.key
    channel.waiting = undefined
    if (this.#channels.get(name) !== channel) return
    for (const sealed of waiting) if (!this.#open(name, channel, sealed)) this.#deps.unreadable(name, sealed.event)
  }

  #open(name: string, { key }: EncryptedChannel, { event, data }: Sealed): boolean {
    const text = unseal(data, key, this.#deps.secretBox)
    if (text === undefined) return false
    this.#deps.event(name, event, toPayload(text))
    return true
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

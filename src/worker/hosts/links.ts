import type { BrokerAddress } from '../../protocol/index.ts'
import { isGone, linkNames } from '../../protocol/meeting.ts'
import type { Port } from '../host.ts'

/** The broker's ends of one link. Closing either closes both, `control` no sooner than what is running has run. */
export interface Link {
  readonly control: Port
  readonly data: Port
}

const MAX_LINKS = 500

/**
 * The links that are open. Nothing tells that the other end of a channel is gone, so their number is bounded:
 * a link ends when the broker closes an end of it, when the tab says that it has, and, where there is no room
 * otherwise, when nothing was ever said on it.
 */
export class Links {
  readonly #address: BrokerAddress
  readonly #maxLinks: number
  readonly #open = new Map<string, { readonly wasUsed: () => boolean; close(): void }>()

  constructor(address: BrokerAddress, maxLinks = MAX_LINKS) {
    this.#address = address
    this.#maxLinks = maxLinks
  }

  get size(): number {
    return this.#open.size
  }

  /** `undefined` for a link that is open already, and when there is no room for another. */
  open(id: string): Link | undefined {
    if (this.#open.has(id) || !this.#makeRoom()) return undefined
    const { control: controlName, data: dataName } = linkNames(this.#address, id)
    const close = (): void => {
      this.#open.delete(id)
      control.close()
      data.close()
    }
    const channel = new BroadcastChannel(controlName)
    let wasUsed = false
    // Before the broker listens, which would take the tab's last word for garbage.
    channel.addEventListener('message', event => {
      wasUsed = true
      if (!isGone(event.data)) return
      event.stopImmediatePropagation()
      close()
    })
    const control = toPort(channel, close)
    // A broker that lets a tab go closes `data`, and then says so on `control`.
    const data = toPort(new BroadcastChannel(dataName), () => queueMicrotask(close))
    this.#open.set(id, { wasUsed: () => wasUsed, close })
    return { control, data }
  }

  #makeRoom(): boolean {
    if (this.#open.size < this.#maxLinks) return true
    const unused = Array.from(this.#open.values()).find(({ wasUsed }) => !wasUsed())
    unused?.close()
    return unused !== undefined
  }
}

/** Once closed, a channel throws where a port swallows what is posted. */
function toPort(channel: BroadcastChannel, closed: () => void): Port {
  let isOpen = true
  return {
    postMessage(message) {
      if (isOpen) channel.postMessage(message)
    },
    addEventListener: (type, listener) => channel.addEventListener(type, listener),
    removeEventListener: (type, listener) => channel.removeEventListener(type, listener),
    close() {
      if (!isOpen) return
      isOpen = false
      channel.close()
      closed()
    },
  }
}

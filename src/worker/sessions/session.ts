import type { Hello, Item } from '../../protocol/index.ts'
import type { Port } from '../host.ts'
import type { CredentialSource } from '../upstream/credentials.ts'
import { measure } from '../payload-size.ts'
import type { FrameSender } from './frame-sender.ts'

export interface SessionInit {
  readonly id: string
  readonly hello: Hello
  readonly sender: FrameSender
  readonly data: Port
  /** On the broker's clock. */
  readonly now: number
}

/** One attached tab, as the broker sees it. */
export class Session implements CredentialSource {
  readonly id: string
  readonly hello: Hello
  readonly sender: FrameSender
  readonly #data: Port
  /** On the broker's clock. */
  readonly attachedAt: number
  /** When the tab was last heard of, on the broker's clock. */
  heardAt: number
  visible: boolean
  /** Called when the broker has let the tab go without its asking. */
  dismissed = (): void => {}
  #isClosed = false

  constructor({ id, hello, sender, data, now }: SessionInit) {
    this.id = id
    this.hello = hello
    this.sender = sender
    this.#data = data
    this.attachedAt = now
    this.heardAt = now
    this.visible = hello.visible
  }

  /** The broker has let the tab go, with or without its asking. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  get hasCredentials(): boolean {
    return this.hello.hasCredentials
  }

  askCredentials(id: number): void {
    this.send({ type: 'credentials-wanted', id })
  }

  /** For what concerns this tab alone; events for many go through {@link sender} as one shared object. */
  send(item: Item): void {
    this.sender.send({ item, bytes: measure(item).bytes })
  }

  /** Nothing reaches the tab any more. */
  close(): void {
    this.#isClosed = true
    this.#data.close()
  }
}

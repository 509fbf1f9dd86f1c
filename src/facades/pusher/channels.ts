import { Channel } from './channel.ts'
import type { Pusher } from './pusher.ts'

/** Those of one instance, by name. */
export class Channels {
  channels: Record<string, Channel> = {}

  add(name: string, pusher: Pusher): Channel {
    if (name.startsWith('#')) throw new Error(`Cannot create a channel with name "${name}".`)
    return (this.channels[name] ??= new Channel(name, pusher))
  }

  all(): Channel[] {
    return Object.values(this.channels)
  }

  /** Not there where it is not subscribed. */
  find(name: string): Channel {
    return this.channels[name] as Channel
  }

  remove(name: string): Channel {
    const channel = this.find(name)
    delete this.channels[name]
    return channel
  }

  disconnect(): void {
    for (const channel of this.all()) channel.disconnect()
  }
}

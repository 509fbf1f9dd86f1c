import { channelKind } from './pusher-channel-kind.ts'

/** What the server said, as pusher-js hands it over. */
export interface RawMessage {
  readonly event: string
  readonly channel?: string | undefined
  readonly data?: unknown
  readonly user_id?: string
}

interface Greeting {
  readonly isCache: boolean
  /** Infos by id, where it is a presence channel. */
  readonly members: Map<string, unknown> | undefined
  count?: RawMessage
  cached?: RawMessage
}

/** What the server would say to who joins now, for tabs that come to a channel that is joined already. */
export class Greetings {
  readonly #greetings = new Map<string, Greeting>()

  /** @param message one that makes sense */
  note(channel: string, message: RawMessage): void {
    const { event, data } = message
    if (event === 'pusher_internal:subscription_succeeded') this.#greetings.set(channel, newGreeting(channel, data))
    const greeting = this.#greetings.get(channel)
    if (greeting === undefined) return
    const { user_id: id, user_info: info } = (data ?? {}) as { user_id?: unknown; user_info?: unknown }
    switch (event) {
      case 'pusher_internal:member_added':
        return void greeting.members?.set(String(id), info)
      case 'pusher_internal:member_removed':
        return void greeting.members?.delete(String(id))
      case 'pusher_internal:subscription_count':
        greeting.count = message
        return
      default:
        if (greeting.isCache && isKept(event)) greeting.cached = message
    }
  }

  of(channel: string): readonly RawMessage[] {
    const greeting = this.#greetings.get(channel)
    if (greeting === undefined) return []
    const succeeded = { event: 'pusher_internal:subscription_succeeded', data: succeededWith(greeting.members) }
    return [succeeded, greeting.count, greeting.cached].filter(message => message !== undefined)
  }

  forget(channel: string): void {
    this.#greetings.delete(channel)
  }

  clear(): void {
    this.#greetings.clear()
  }
}

function newGreeting(channel: string, data: unknown): Greeting {
  const { presence } = (data ?? {}) as { presence?: { readonly hash?: object | null } }
  return {
    isCache: channelKind(channel)?.isCache === true,
    members: presence && new Map(Object.entries(presence.hash ?? {})),
  }
}

function succeededWith(members: Greeting['members']): object {
  if (members === undefined) return {}
  return { presence: { ids: [...members.keys()], hash: Object.fromEntries(members), count: members.size } }
}

/** Events of the app's server are; those of clients are not. */
function isKept(event: string): boolean {
  return event === 'pusher:cache_miss' || !/^(pusher:|pusher_internal:|client-)/.test(event)
}

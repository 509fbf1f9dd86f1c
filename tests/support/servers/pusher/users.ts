import type { Connection } from './connection.ts'

/** Who signed in, as the app's server told. */
export interface User {
  readonly id: string
  readonly info: unknown
  /** Users whose coming and going this one wants to hear of. */
  readonly watchlist: readonly string[]
}

/** Users that have signed in, and what their watchers hear of them. */
export class Users {
  readonly #connections = new Map<string, Set<Connection>>()

  signIn(connection: Connection, user: User): void {
    this.signOut(connection)
    connection.user = user
    const known = this.#connections.get(user.id)
    if (known !== undefined) known.add(connection)
    else {
      this.#connections.set(user.id, new Set([connection]))
      this.#tellWatchers(user.id, 'online')
    }
    tellOf(
      connection,
      'online',
      user.watchlist.filter(id => this.#connections.has(id)),
    )
    tellOf(
      connection,
      'offline',
      user.watchlist.filter(id => !this.#connections.has(id)),
    )
  }

  signOut(connection: Connection): void {
    const { user } = connection
    if (user === undefined) return
    connection.user = undefined
    const others = this.#connections.get(user.id)
    others?.delete(connection)
    if (others?.size !== 0) return
    this.#connections.delete(user.id)
    this.#tellWatchers(user.id, 'offline')
  }

  connectionsOf(id: string): readonly Connection[] {
    return [...(this.#connections.get(id) ?? [])]
  }

  #tellWatchers(id: string, change: 'online' | 'offline'): void {
    for (const connection of [...this.#connections.values()].flatMap(all => [...all]))
      if (connection.user?.id !== id && connection.user?.watchlist.includes(id)) tellOf(connection, change, [id])
  }
}

function tellOf(connection: Connection, name: 'online' | 'offline', users: readonly string[]): void {
  if (users.length === 0) return
  const data = JSON.stringify({ events: [{ name, user_ids: users }] })
  connection.send({ event: 'pusher_internal:watchlist_events', data })
}

/** Loaded when the user is to be signed in. */
import { deferred } from '../../lib/index.ts'
import type { Message } from './connection.ts'
import { log } from './log.ts'
import type { User } from './user.ts'

const USER = '#user'
const WATCHLIST = 'pusher_internal:watchlist_events'

/** From the first `signin` on: with each connection anew. */
export class SigningIn {
  readonly #user: User
  #done = deferred<void>()

  constructor(user: User) {
    const { connection } = user.pusher
    this.#user = user
    connection.bind('state_change', ({ previous, current }: { previous: string; current: string }) => {
      if (current === 'connected') this.#begin()
      else if (previous === 'connected') this.#end()
    })
    connection.bind('message', (message: Message) => this.#heard(message))
    this.#begin()
  }

  /** Resolves when it is known whether the user is signed in. */
  done(): Promise<void> {
    return this.#done.promise
  }

  #begin(): void {
    const user = this.#user
    const { connection } = user.pusher
    connection.join(
      USER,
      ({ messages }) => {
        if (!user.user_data) for (const message of messages) connection.emit('message', message)
      },
      ({ message, details }) => {
        log('warn', `Error during signin: ${message}`)
        const { refusal } = { ...(details as { refusal?: object } | undefined) }
        user.emit('pusher:signin_error', refusal ?? { type: 'AuthError', error: message })
        user.user_data = null
        this.#done.resolve()
      },
      event => (event === WATCHLIST ? undefined : `#server-to-user-${user.user_data?.id}`),
    )
  }

  #heard({ event, channel, data }: Message): void {
    const user = this.#user
    if (event === 'pusher:signin_success') {
      user.user_data = JSON.parse((data as { user_data: string }).user_data) as NonNullable<User['user_data']>
      this.#done.resolve()
    } else if (event === WATCHLIST)
      for (const one of (data as { events: { name: string }[] }).events) user.watchlist.emit(one.name, one)
    else if (channel?.startsWith('#') && !/^pusher(_internal)?:/.test(event)) user.emit(event, data)
  }

  /** Whoever waits from here on waits for the next connection. */
  #end(): void {
    const user = this.#user
    user.user_data = null
    this.#done.resolve()
    this.#done = deferred()
    user.signinDonePromise = this.done()
  }
}

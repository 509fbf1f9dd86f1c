import { Dispatcher } from './dispatcher.ts'
import { log } from './log.ts'
import type { Message } from './connection.ts'
import type { Pusher } from './pusher.ts'

const USER = '#user'
const WATCHLIST = 'pusher_internal:watchlist_events'

/** The user who is signed in with this connection, if any. */
export class User extends Dispatcher {
  pusher: Pusher
  signin_requested = false
  user_data: { id: string; [field: string]: unknown } | null = null
  /** Resolves when it is known whether the user is signed in. */
  signinDonePromise: Promise<void> | null = null
  watchlist = new Dispatcher('watchlist events')
  #done: (() => void) | undefined

  constructor(pusher: Pusher) {
    super('user')
    this.pusher = pusher
    pusher.connection.bind('state_change', ({ previous, current }: { previous: string; current: string }) => {
      if (current === 'connected') this.#signIn()
      else if (previous === 'connected') {
        this.#end()
        this.#begin()
      }
    })
    pusher.connection.bind('message', (message: Message) => this.#heard(message))
  }

  signin(): void {
    if (this.signin_requested) return
    this.signin_requested = true
    this.#signIn()
  }

  #signIn(): void {
    if (!this.signin_requested) return
    this.#begin()
    const { connection } = this.pusher
    connection.join(
      USER,
      ({ messages }) => {
        if (!this.user_data) for (const message of messages) connection.emit('message', message)
      },
      ({ message, details }) => {
        log('warn', `Error during signin: ${message}`)
        const { refusal } = { ...(details as { refusal?: object } | undefined) }
        this.emit('pusher:signin_error', refusal ?? { type: 'AuthError', error: message })
        this.#end()
      },
      event => (event === WATCHLIST ? undefined : `#server-to-user-${this.user_data?.id}`),
    )
  }

  #heard({ event, channel, data }: Message): void {
    if (event === 'pusher:signin_success') {
      this.user_data = JSON.parse((data as { user_data: string }).user_data) as NonNullable<User['user_data']>
      this.#done?.()
    } else if (event === WATCHLIST)
      for (const one of (data as { events: { name: string }[] }).events) this.watchlist.emit(one.name, one)
    else if (channel?.startsWith('#') && !/^pusher(_internal)?:/.test(event)) this.emit(event, data)
  }

  #begin(): void {
    if (this.signin_requested && !this.#done)
      this.signinDonePromise = new Promise(resolve => {
        this.#done = () => {
          this.#done = undefined
          resolve()
        }
      })
  }

  #end(): void {
    this.user_data = null
    this.#done?.()
  }
}

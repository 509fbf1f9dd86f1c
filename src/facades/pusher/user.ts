import { Dispatcher } from './dispatcher.ts'
import type { Pusher } from './pusher.ts'

/** The user who is signed in with this connection, if any. */
export class User extends Dispatcher {
  pusher: Pusher
  signin_requested = false
  user_data: { id: string; [field: string]: unknown } | null = null
  /** Resolves when it is known whether the user is signed in; never rejects. */
  signinDonePromise: Promise<void> | null = null
  watchlist = new Dispatcher('watchlist events')

  constructor(pusher: Pusher) {
    super('user')
    this.pusher = pusher
  }

  signin(): void {
    if (this.signin_requested) return
    this.signin_requested = true
    this.signinDonePromise = import('./signing-in.ts')
      .then(({ SigningIn }) => new SigningIn(this).done())
      .catch(error => void this.emit('pusher:signin_error', { type: 'AuthError', error: String(error) }))
  }
}

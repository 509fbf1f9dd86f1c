/** What a channel's name says of it, as Pusher reads names. Cache channels are joined like any other. */
export interface ChannelKind {
  /** Nobody joins without a signature of the app's server. */
  readonly isPrivate: boolean
  readonly isPresence: boolean
  /** Pusher sees only ciphertext. */
  readonly isEncrypted: boolean
  /** The last event comes with the join. */
  readonly isCache: boolean
}

/** Events for the signed-in user, whatever its id. */
export const USER_CHANNEL = '#user'
/** Which of the users on the signed-in user's watchlist are online. */
export const WATCHLIST_CHANNEL = '#watchlist'

/** The connection itself: its id, and what went wrong with it. */
export const CONNECTION_CHANNEL = '#connection'

/** Pusher's limit. */
const MAX_NAME_LETTERS = 200

/** `undefined` for a name that Pusher does not take: its servers give no answer that would tell which join they mean. */
export function channelKind(name: string): ChannelKind | undefined {
  if (!/^[\w\-=@,.;]+$/.test(name) || name.length > MAX_NAME_LETTERS) return undefined
  const isPresence = name.startsWith('presence-')
  return {
    isPrivate: isPresence || name.startsWith('private-'),
    isPresence,
    isEncrypted: name.startsWith('private-encrypted-'),
    isCache: /^(private-|private-encrypted-|presence-)?cache-/.test(name),
  }
}

const USER_PREFIX = '#server-to-user-'

/** The channel at the server behind {@link USER_CHANNEL}. */
export function userChannel(userId: string): string {
  return `${USER_PREFIX}${userId}`
}

/** Whether a server can have it: the other names are made here. */
export function isServerChannel(name: string): boolean {
  return name.startsWith(USER_PREFIX) || channelKind(name) !== undefined
}

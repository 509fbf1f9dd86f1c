/** What a channel's name says of it. */
export interface ChannelKind {
  /** Nobody joins without a signature. */
  readonly isPrivate: boolean
  readonly isPresence: boolean
  /** The last event is kept for whoever joins. */
  readonly isCache: boolean
  /** The server sees only ciphertext. */
  readonly isEncrypted: boolean
  /** The one user for whom the channel is. */
  readonly user: string | undefined
}

const MAX_LENGTH = 200
const USER_PREFIX = '#server-to-user-'

/** `undefined` for what is no channel's name. */
export function channelKind(name: string): ChannelKind | undefined {
  const user = name.startsWith(USER_PREFIX) ? name.slice(USER_PREFIX.length) : undefined
  if (name.length > MAX_LENGTH || user === '') return undefined
  if (user === undefined && !/^[\w\-=@,.;]+$/.test(name)) return undefined
  const isPresence = name.startsWith('presence-')
  return {
    isPrivate: isPresence || name.startsWith('private-'),
    isPresence,
    isCache: /^((private-encrypted|private|presence)-)?cache-/.test(name),
    isEncrypted: name.startsWith('private-encrypted-'),
    user,
  }
}

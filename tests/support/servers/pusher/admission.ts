import type { App } from './app.ts'
import type { ChannelKind } from './channel-kind.ts'
import type { Channel, Member } from './channel.ts'
import type { Connection } from './connection.ts'
import { parseObject, type Subscribe } from './messages.ts'
import { isSignedBy } from './signature.ts'

export type Admission =
  | { readonly isAdmitted: true; readonly member: Member | undefined }
  | { readonly isAdmitted: false; readonly refusal: Refusal }

/** `data` of `pusher:subscription_error`. */
export interface Refusal {
  readonly type: 'AuthError' | 'LimitReached'
  readonly error: string
  readonly status: number
}

export interface Applicant {
  readonly app: App
  readonly connection: Pick<Connection, 'socketId' | 'user'>
  readonly kind: ChannelKind
  readonly channel: Channel | undefined
  readonly maxMembers: number
}

/** Whether a connection may join, and as whom. */
export function admit(applicant: Applicant, message: Subscribe): Admission {
  const { app, connection, kind } = applicant
  if (kind.user !== undefined && kind.user !== connection.user?.id) return unauthorized('this channel is for its user')
  if (!kind.isPrivate) return { isAdmitted: true, member: undefined }
  const { channel, auth, channelData } = message
  const parts = [connection.socketId, channel, ...(channelData === undefined ? [] : [channelData])]
  if (!isSignedBy(app, auth, ...parts)) return unauthorized(`Invalid signature: expected HMAC of ${parts.join(':')}`)
  return kind.isPresence ? admitMember(applicant, channelData) : { isAdmitted: true, member: undefined }
}

function admitMember({ connection, channel, maxMembers }: Applicant, channelData: string | undefined): Admission {
  const member = channelData === undefined ? connection.user : parseMember(channelData)
  if (member === undefined) return unauthorized('channel_data must have a user_id, or the user must have signed in')
  const members = channel?.members ?? []
  if (members.length >= maxMembers && !members.some(({ id }) => id === member.id))
    return refused({ type: 'LimitReached', error: `The maximum number of members is ${maxMembers}`, status: 4004 })
  return { isAdmitted: true, member: { id: member.id, info: member.info } }
}

function parseMember(channelData: string): Member | undefined {
  const { user_id: id, user_info: info } = parseObject(channelData) ?? {}
  return typeof id === 'string' && id !== '' ? { id, info } : undefined
}

function unauthorized(error: string): Admission {
  return refused({ type: 'AuthError', error, status: 401 })
}

function refused(refusal: Refusal): Admission {
  return { isAdmitted: false, refusal }
}

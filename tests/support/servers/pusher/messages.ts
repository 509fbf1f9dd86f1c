/** What a client says, parsed. Everything that it sends comes through here. */
export type ClientMessage =
  | { readonly kind: 'ping' }
  | { readonly kind: 'pong' }
  | Subscribe
  | { readonly kind: 'unsubscribe'; readonly channel: string }
  | { readonly kind: 'signin'; readonly auth: string; readonly userData: string }
  | ClientEvent
  | { readonly kind: 'unreadable'; readonly why: string }

export interface Subscribe {
  readonly kind: 'subscribe'
  readonly channel: string
  readonly auth: string
  /** JSON, as it was signed. */
  readonly channelData: string | undefined
}

export interface ClientEvent {
  readonly kind: 'client-event'
  readonly channel: string
  readonly event: string
  readonly data: unknown
}

/** What the server says. `data` is JSON within the JSON, but in errors. */
export interface ServerMessage {
  readonly event: string
  readonly channel?: string
  readonly data?: unknown
  /** With a client event on a presence channel: whose it is. */
  readonly user_id?: string
}

export function parseClientMessage(text: string): ClientMessage {
  const frame = parseObject(text)
  const event = frame?.['event']
  if (frame === undefined || typeof event !== 'string') return unreadable('expected a JSON object with an event')
  const data = typeof frame['data'] === 'string' ? (parseObject(frame['data']) ?? {}) : (frame['data'] ?? {})
  if (event.startsWith('client-')) return clientEvent(frame, event)
  return parseOwn(event, data as Fields)
}

type Fields = { readonly [name: string]: unknown }

function parseOwn(event: string, data: Fields): ClientMessage {
  const { channel, auth = '', channel_data: channelData, user_data: userData } = data
  switch (event) {
    case 'pusher:ping':
      return { kind: 'ping' }
    case 'pusher:pong':
      return { kind: 'pong' }
    case 'pusher:subscribe':
      if (typeof channel !== 'string' || typeof auth !== 'string' || !isTextOrNothing(channelData))
        return unreadable('pusher:subscribe wants { channel, auth?, channel_data? }, all strings')
      return { kind: 'subscribe', channel, auth, channelData: channelData ?? undefined }
    case 'pusher:unsubscribe':
      if (typeof channel !== 'string') return unreadable('pusher:unsubscribe wants { channel }')
      return { kind: 'unsubscribe', channel }
    case 'pusher:signin':
      if (typeof auth !== 'string' || typeof userData !== 'string')
        return unreadable('pusher:signin wants { auth, user_data }, both strings')
      return { kind: 'signin', auth, userData }
    default:
      return unreadable('there is no such event')
  }
}

function clientEvent({ channel, data }: Fields, event: string): ClientMessage {
  if (typeof channel !== 'string') return unreadable(`${event} wants a channel`)
  return { kind: 'client-event', channel, event, data }
}

/** `undefined` for what is no JSON, or of another kind. */
export function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined
  } catch {
    return undefined
  }
}

function unreadable(why: string): ClientMessage {
  return { kind: 'unreadable', why }
}

function isTextOrNothing(value: unknown): value is string | null | undefined {
  return value === undefined || value === null || typeof value === 'string'
}

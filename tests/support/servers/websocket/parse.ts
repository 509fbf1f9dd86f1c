import type { ClientMessage } from './messages.ts'

/** What a client sent that is none of the messages. With an `id` it can be answered. */
export interface BadMessage {
  readonly type: 'bad'
  readonly id: number | undefined
  readonly why: string
}

type Fields = { readonly [name: string]: unknown }

/** Everything that a client sends comes through here. */
export function parseClientMessage(value: unknown): ClientMessage | BadMessage {
  if (!isObject(value)) return bad(undefined, 'a message is to be an object')
  const { type, id } = value
  if (type === 'ping' || type === 'close') return { type }
  if (!isId(id)) return bad(undefined, 'id is to be a whole number from 0 on')
  const problem = problemOf(value)
  return problem === undefined ? read(value, id) : bad(id, problem)
}

/** For a message with the fields that its type wants. */
function read(fields: Fields, id: number): ClientMessage | BadMessage {
  const { type, credentials, after, presence, state, event, payload, key } = fields
  const channel = String(fields['channel'])
  switch (type) {
    case 'auth':
      return { type, id, credentials: credentials as Fields }
    case 'join':
      return { type, id, channel, after: after as string | undefined, presence: presence === true }
    case 'leave':
    case 'untrack':
      return { type, id, channel }
    case 'track':
      return { type, id, channel, state }
    case 'publish':
      return { type, id, channel, event: String(event), payload, key: key as string | undefined }
    default:
      return bad(id, `there is no type ${JSON.stringify(type)}`)
  }
}

const textsByType: { readonly [type: string]: readonly string[] } = {
  join: ['channel'],
  leave: ['channel'],
  track: ['channel'],
  untrack: ['channel'],
  publish: ['channel', 'event'],
}

function problemOf(fields: Fields): string | undefined {
  const missing = textsByType[String(fields['type'])]?.find(name => !isText(fields[name]))
  if (missing !== undefined) return `${missing} is to be a text that is not empty`
  const wrong = ['after', 'key'].find(name => fields[name] !== undefined && !isText(fields[name]))
  if (wrong !== undefined) return `${wrong} is to be a text that is not empty, or left out`
  return fields['type'] === 'auth' && !isObject(fields['credentials']) ? 'credentials is to be an object' : undefined
}

function bad(id: number | undefined, why: string): BadMessage {
  return { type: 'bad', id, why }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

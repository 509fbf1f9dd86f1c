/** What comes in from a tab, parsed once: afterwards the types hold. Each refusal says what was wrong. */
import { fromChannelId } from './channel-id.ts'
import { PartylineError } from './errors.ts'
import type {
  Ack,
  Checkpoint,
  Credentials,
  Deliver,
  Durable,
  Hello,
  Lease,
  LastWord,
  Mark,
  Op,
  OpFailure,
  OutboxRequest,
  Resume,
  SignalOp,
  Wanted,
} from './messages.ts'
import { toWireError } from './to-wire-error.ts'
import type { ProtocolVersion } from './version.ts'

export const MAX_NAME_LENGTH = 1024
/** A name with parameters. */
const MAX_CHANNEL_LENGTH = 8_192
export const MAX_OPS = 10_000
const MAX_TIMEOUT_MS = 24 * 60 * 60 * 1000
/** Ten years: a time in an unit other than milliseconds is a mistake. */
const MAX_TTL_MS = 10 * 365 * MAX_TIMEOUT_MS

const MAX_MARKS = 16
const MAX_LAST_WORDS = 16
const MAX_STREAMS = 1_000
/** Of what a transport writes down about its session, which may name every channel of the line. */
const MAX_SESSION_LENGTH = 1_000_000

const SIGNALS: readonly SignalOp['signal'][] = [
  'visible',
  'hidden',
  'focused',
  'frozen',
  'online',
  'offline',
  'reconnect',
  'cancel',
]
const DELIVERIES: readonly Deliver[] = ['all', 'one', 'both']

type Fields = { readonly [field: string]: unknown }

export function parseHello(value: unknown): Hello {
  const hello = fields(value, 'hello')
  return {
    protocol: parseVersion(hello['protocol'], 'hello.protocol'),
    scope: name(hello['scope'], 'hello.scope'),
    tabId: name(hello['tabId'], 'hello.tabId'),
    attempt: whole(hello['attempt'], 'hello.attempt'),
    lease: parseLease(hello['lease'], 'hello.lease'),
    visible: flag(hello['visible'], 'hello.visible'),
    focused: flag(hello['focused'], 'hello.focused'),
    online: flag(hello['online'], 'hello.online'),
    hasCredentials: flag(hello['hasCredentials'], 'hello.hasCredentials'),
    wanted: parseAllWanted(hello['wanted'], 'hello.wanted'),
    ...(hello['session'] === undefined ? {} : { session: parseSession(hello['session']) }),
    ...(hello['marks'] === undefined ? {} : { marks: parseMarks(hello['marks'], 'hello.marks') }),
    ...(hello['lastWords'] === undefined ? {} : { lastWords: parseLastWords(hello['lastWords']) }),
    ...(hello['watchesOutbox'] === undefined
      ? {}
      : { watchesOutbox: flag(hello['watchesOutbox'], 'hello.watchesOutbox') }),
  }
}

/** Parses the envelope strictly and each operation by itself: a bad one harms none of its neighbours. */
export function parseAsk(value: unknown): {
  readonly epoch: string
  readonly ops: readonly { readonly index: number; readonly op: Op }[]
  readonly failures: readonly OpFailure[]
} {
  const ask = fields(value, 'ask')
  const ops: { index: number; op: Op }[] = []
  const failures: OpFailure[] = []
  for (const [index, raw] of list(ask['ops'], 'ask.ops').entries()) {
    try {
      ops.push({ index, op: parseOp(raw, `ask.ops[${index}]`) })
    } catch (error) {
      failures.push({ index, error: toWireError(error) })
    }
  }
  return { epoch: name(ask['epoch'], 'ask.epoch'), ops, failures }
}

export function parseAck(value: unknown): Ack {
  const ack = fields(value, 'data message')
  if (ack['type'] !== 'ack') throw bad('data message', ack['type'], "{ type: 'ack', seq }")
  return { type: 'ack', seq: whole(ack['seq'], 'ack.seq') }
}

function parseOp(value: unknown, at: string): Op {
  const op = fields(value, at)
  switch (op['op']) {
    case 'subscribe':
      return { op: 'subscribe', ...parseWanted(value, at) }
    case 'unsubscribe':
      return { op: 'unsubscribe', channel: parseChannel(op['channel'], `${at}.channel`) }
    case 'publish':
      return {
        op: 'publish',
        id: whole(op['id'], `${at}.id`),
        channel: parseChannel(op['channel'], `${at}.channel`),
        event: name(op['event'], `${at}.event`),
        payload: op['payload'],
        timeoutMs: duration(op['timeoutMs'], `${at}.timeoutMs`),
        ...(op['durable'] === undefined ? {} : { durable: parseDurable(op['durable'], `${at}.durable`) }),
      }
    case 'signal':
      return {
        op: 'signal',
        signal: oneOf(op['signal'], SIGNALS, `${at}.signal`),
        ...(op['id'] === undefined ? {} : { id: whole(op['id'], `${at}.id`) }),
      }
    case 'lease':
      return { op: 'lease', lease: parseLease(op['lease'], `${at}.lease`) }
    case 'credentials':
      return {
        op: 'credentials',
        id: whole(op['id'], `${at}.id`),
        ...(op['credentials'] === undefined
          ? {}
          : { credentials: parseCredentials(op['credentials'], `${at}.credentials`) }),
      }
    case 'track':
      return { op: 'track', channel: parseChannel(op['channel'], `${at}.channel`), state: op['state'] }
    case 'watch-outbox':
      return { op: 'watch-outbox' }
    default:
      throw bad(
        `${at}.op`,
        op['op'],
        'subscribe, unsubscribe, publish, signal, lease, credentials, track or watch-outbox',
      )
  }
}

function parseDurable(value: unknown, at: string): Durable {
  const { key, lane, ttlMs, coalesce, own, again, outbox } = fields(value, at)
  return {
    key: name(key, `${at}.key`),
    ...(lane === undefined ? {} : { lane: name(lane, `${at}.lane`) }),
    ...(ttlMs === undefined ? {} : { ttlMs: duration(ttlMs, `${at}.ttlMs`, MAX_TTL_MS) }),
    ...(coalesce === undefined ? {} : { coalesce: text(coalesce, `${at}.coalesce`) }),
    ...(own === undefined ? {} : { own: flag(own, `${at}.own`) }),
    ...(again === undefined ? {} : { again: flag(again, `${at}.again`) }),
    ...(outbox === undefined ? {} : { outbox: text(outbox, `${at}.outbox`) }),
  }
}

/** @throws PartylineError `bad-message` */
export function parseOutboxRequest(value: unknown): OutboxRequest {
  const request = fields(value, 'outbox')
  switch (request['type']) {
    case 'counts':
      return { type: 'counts' }
    case 'list':
      return {
        type: 'list',
        state: oneOf(request['state'], ['waiting', 'dead'], 'outbox.state'),
        count: whole(request['count'], 'outbox.count'),
        after: whole(request['after'], 'outbox.after'),
      }
    case 'retry':
    case 'drop':
      return {
        type: request['type'],
        keys: Array.from(list(request['keys'], 'outbox.keys'), (key, index) => name(key, `outbox.keys[${index}]`)),
      }
    default:
      throw bad('outbox.type', request['type'], 'counts, list, retry or drop')
  }
}

function parseChannel(value: unknown, at: string): string {
  const id = text(value, at, MAX_CHANNEL_LENGTH)
  name(fromChannelId(id).name, at)
  return id
}

function parseAllWanted(value: unknown, at: string): Wanted[] {
  return Array.from(list(value, at), (wanted, index) => parseWanted(wanted, `${at}[${index}]`))
}

function parseWanted(value: unknown, at: string): Wanted {
  const wanted = fields(value, at)
  return {
    channel: parseChannel(wanted['channel'], `${at}.channel`),
    ...(wanted['deliver'] === undefined ? {} : { deliver: oneOf(wanted['deliver'], DELIVERIES, `${at}.deliver`) }),
    ...(wanted['resume'] === undefined ? {} : { resume: parseResume(wanted['resume'], `${at}.resume`) }),
    ...(wanted['replay'] === undefined ? {} : { replay: whole(wanted['replay'], `${at}.replay`) }),
    ...(wanted['presence'] === undefined ? {} : { presence: flag(wanted['presence'], `${at}.presence`) }),
  }
}

function parseResume(value: unknown, at: string): Resume {
  const { moved, position, one } = fields(value, at)
  return {
    moved: flag(moved, `${at}.moved`),
    ...parsePosition(position, at),
    ...(one === undefined ? {} : { one: text(one, `${at}.one`) }),
  }
}

function parsePosition(position: unknown, at: string): { readonly position?: string } {
  return position === undefined ? {} : { position: text(position, `${at}.position`) }
}

function parseSession(value: unknown): NonNullable<Hello['session']> {
  const { id, seq } = fields(value, 'hello.session')
  return { id: name(id, 'hello.session.id'), seq: whole(seq, 'hello.session.seq') }
}

function parseMarks(value: unknown, at: string): Mark[] {
  return Array.from(list(value, at, MAX_MARKS), (mark, index) => parseMark(mark, `${at}[${index}]`))
}

/** They are other tabs' words, perhaps of another version: what makes no sense must not keep the one that brings it out. */
function parseLastWords(value: unknown): LastWord[] {
  return list(value, 'hello.lastWords', MAX_LAST_WORDS).flatMap((word, index) => {
    const at = `hello.lastWords[${index}]`
    try {
      const { marks, wanted } = fields(word, at)
      return [{ marks: parseMarks(marks, `${at}.marks`), wanted: parseAllWanted(wanted, `${at}.wanted`) }]
    } catch {
      return []
    }
  })
}

function parseMark(value: unknown, at: string): Mark {
  const { epoch, n, checkpoint } = fields(value, at)
  return {
    epoch: name(epoch, `${at}.epoch`),
    n: whole(n, `${at}.n`),
    ...(checkpoint === undefined ? {} : { checkpoint: parseCheckpoint(checkpoint, `${at}.checkpoint`) }),
  }
}

/** @throws PartylineError `bad-message` */
export function parseCheckpoint(value: unknown, at: string): Checkpoint {
  const streams = Object.entries(fields(value, at))
  if (streams.length > MAX_STREAMS) throw bad(at, value, `at most ${MAX_STREAMS} streams`)
  return Object.fromEntries(
    streams.map(([stream, state]) => {
      const { session, position } = fields(state, `${at}.${show(stream)}`)
      return [
        text(stream, `a stream of ${at}`),
        { session: text(session, `${at}.session`, MAX_SESSION_LENGTH), ...parsePosition(position, at) },
      ]
    }),
  )
}

/** @throws PartylineError `bad-message` */
export function parseVersion(value: unknown, at: string): ProtocolVersion {
  const { major, minor } = fields(value, at)
  return { major: whole(major, `${at}.major`), minor: whole(minor, `${at}.minor`) }
}

function parseLease(value: unknown, at: string): Lease {
  const lease = fields(value, at)
  switch (lease['kind']) {
    case 'lock':
      return { kind: 'lock', name: name(lease['name'], `${at}.name`) }
    case 'silence':
    case 'leaving':
      return { kind: lease['kind'] }
    default:
      throw bad(`${at}.kind`, lease['kind'], 'lock, silence or leaving')
  }
}

function parseCredentials(value: unknown, at: string): Credentials {
  const credentials = fields(value, at)
  const { expiresAt } = credentials
  if (expiresAt !== undefined && !(typeof expiresAt === 'number' && Number.isFinite(expiresAt)))
    throw bad(`${at}.expiresAt`, expiresAt, 'milliseconds since 1970')
  return credentials
}

function fields(value: unknown, at: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw bad(at, value, 'an object')
  return value as Fields
}

function list(value: unknown, at: string, max = MAX_OPS): readonly unknown[] {
  if (!Array.isArray(value)) throw bad(at, value, 'an array')
  if (value.length > max) throw bad(at, value, `at most ${max} entries`)
  return value
}

function text(value: unknown, at: string, max = MAX_NAME_LENGTH): string {
  if (typeof value !== 'string') throw bad(at, value, 'a string')
  if (value.length > max) throw bad(at, value, `at most ${max} characters`)
  return value
}

function name(value: unknown, at: string): string {
  if (text(value, at) === '') throw bad(at, value, 'a string that is not empty')
  return value as string
}

function flag(value: unknown, at: string): boolean {
  if (typeof value !== 'boolean') throw bad(at, value, 'true or false')
  return value
}

function whole(value: unknown, at: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw bad(at, value, 'a whole number from 0')
  return value as number
}

function duration(value: unknown, at: string, max = MAX_TIMEOUT_MS): number {
  if (typeof value !== 'number' || !(value > 0 && value <= max))
    throw bad(at, value, `milliseconds, above 0 and at most ${max}`)
  return value
}

function oneOf<T extends string>(value: unknown, allowed: readonly T[], at: string): T {
  const found = allowed.find(candidate => candidate === value)
  if (found === undefined) throw bad(at, value, allowed.join(', '))
  return found
}

function bad(at: string, got: unknown, expected: string): PartylineError {
  return new PartylineError('bad-message', `${at} is ${show(got)}; expected ${expected}`)
}

/** Shows what kind of value came, never a payload's content. */
function show(value: unknown): string {
  if (typeof value === 'string') return value.length > 60 ? `a string of ${value.length}` : JSON.stringify(value)
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? `an array of ${value.length}` : 'an object'
  return typeof value === 'function' || typeof value === 'symbol' ? `a ${typeof value}` : String(value)
}

/** What comes in from a browser, parsed once; each refusal says what was wrong. */
import { findDish, STATIONS } from './menu.mjs'
import { Refusal } from './refusal.mjs'

/** @import { Bump, Item, NewOrder, Station, TicketState } from '../src/model.ts' */

export const CHANNELS = ['orders', 'floor', 'house']
export const MAX_TABLES = 40
export const MAX_PACE = 500
const MAX_ITEMS = 8
const MAX_COUNT = 9
const MAX_NOTE = 80
const MAX_TEXT = 280
const MAX_NAME = 24
const MAX_KEY = 200
/** As in many a house in Italy. */
export const MISSING_TABLE = 17

/** @type {readonly TicketState[]} */
const BUMPABLE = ['waiting', 'cooking']

/**
 * @param {unknown} value
 * @returns {string}
 */
export function parseChannel(value) {
  return oneOf(value, CHANNELS, 'the channel')
}

/**
 * @param {unknown} value
 * @returns {NewOrder}
 */
export function parseNewOrder(value) {
  const { table, items, note } = fields(value)
  if (!Array.isArray(items) || items.length === 0) throw new Refusal('an order needs at least one dish')
  if (items.length > MAX_ITEMS) throw new Refusal(`an order has at most ${MAX_ITEMS} dishes`)
  const wanted = whole(table, 1, MAX_TABLES, 'the table')
  if (wanted === MISSING_TABLE) throw new Refusal(`there is no table ${MISSING_TABLE} in this house`)
  return {
    table: wanted,
    items: items.map(parseItem),
    note: text(note ?? '', MAX_NOTE, 'the note'),
  }
}

/**
 * @param {unknown} value
 * @returns {Bump}
 */
export function parseBump(value) {
  const { id, station, from } = fields(value)
  return {
    id: parseId(id),
    station: /** @type {Station} */ (oneOf(station, STATIONS, 'the station')),
    from: /** @type {TicketState} */ (oneOf(from, BUMPABLE, 'the state')),
  }
}

/** @param {unknown} value */
export function parseServe(value) {
  return parseId(fields(value)['id'])
}

/** @param {unknown} value */
export function parseName(value) {
  return written(fields(value)['name'], MAX_NAME, 'the name')
}

/** @param {unknown} value */
export function parseSaying(value) {
  const saying = written(fields(value)['text'], MAX_TEXT, 'the message')
  if (/https?:\/\//i.test(saying)) throw new Refusal('no links on the floor, please')
  return saying
}

/** @param {unknown} value */
export function parseTyping(value) {
  return fields(value)['typing'] === true
}

/** @param {unknown} value */
export function parsePace(value) {
  return whole(fields(value)['perSecond'], 0, MAX_PACE, 'the pace')
}

/** @param {unknown} value */
export function parseSwitch(value) {
  const { cut } = fields(value)
  if (typeof cut !== 'boolean') throw new Refusal('cut must be true or false')
  return cut
}

/** The idempotency key in what Partyline sends behind a stored message's payload. @param {unknown} meta */
export function parseKey(meta) {
  const key = /** @type {{ idempotencyKey?: unknown } | null | undefined} */ (meta)?.idempotencyKey
  return typeof key === 'string' && key.length <= MAX_KEY ? key : undefined
}

/**
 * What Partyline's service worker sends.
 * @param {unknown} value
 */
export function parseOutbox(value) {
  const { scope, messages } = fields(value)
  if (!Array.isArray(messages)) throw new Refusal('messages must be an array')
  return { name: written(scope, MAX_NAME, 'the scope'), messages: messages.map(parseStored) }
}

/**
 * What a browser writes where the line itself leads to other browsers alone.
 * @param {unknown} value
 */
export function parseMessage(value) {
  const { name, channel, event, payload, key } = fields(value)
  return {
    name: written(name, MAX_NAME, 'the name'),
    event: nameOf(channel, event),
    payload,
    key: key === undefined ? undefined : written(key, MAX_KEY, 'the key'),
  }
}

/**
 * What pusher-js asks of an auth endpoint.
 * @param {unknown} value
 * @param {readonly string[]} channels
 */
export function parsePusherAuth(value, channels) {
  const { name, channel_name: channel, socket_id: socketId } = fields(value)
  return {
    name: written(name, MAX_NAME, 'the name'),
    channel: oneOf(channel, channels, 'the channel'),
    socketId: written(socketId, MAX_KEY, 'the socket id'),
  }
}

/** @param {unknown} value */
function parseStored(value) {
  const { key, channel, event, payload } = fields(value)
  return {
    key: written(key, MAX_KEY, 'the key'),
    event: nameOf(channel, event),
    payload,
  }
}

/**
 * @param {unknown} channel
 * @param {unknown} event
 */
function nameOf(channel, event) {
  return `${written(channel, MAX_NAME, 'the channel')}:${written(event, MAX_NAME, 'the event')}`
}

/**
 * @param {unknown} value
 * @returns {Item}
 */
function parseItem(value) {
  const { dish, count } = fields(value)
  const found = typeof dish === 'string' ? findDish(dish) : undefined
  if (found === undefined) throw new Refusal('there is a dish that is not on the menu')
  return { dish: found.id, count: whole(count, 1, MAX_COUNT, `the count of ${found.name}`) }
}

/** @param {unknown} value */
function parseId(value) {
  return whole(value, 1, Number.MAX_SAFE_INTEGER, 'the order')
}

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>}
 */
function fields(value) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Refusal('an object was expected')
  return /** @type {Record<string, unknown>} */ (value)
}

/**
 * @param {unknown} value
 * @param {readonly string[]} allowed
 * @param {string} what
 */
function oneOf(value, allowed, what) {
  const found = allowed.find(candidate => candidate === value)
  if (found === undefined) throw new Refusal(`${what} must be one of ${allowed.join(', ')}`)
  return found
}

/**
 * @param {unknown} value
 * @param {number} from
 * @param {number} to included
 * @param {string} what
 */
function whole(value, from, to, what) {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < from || value > to)
    throw new Refusal(`${what} must be a whole number from ${from} to ${to}`)
  return value
}

/**
 * @param {unknown} value
 * @param {number} most characters
 * @param {string} what
 */
function text(value, most, what) {
  if (typeof value !== 'string') throw new Refusal(`${what} must be text`)
  const tidy = value.replaceAll(/\s+/g, ' ').trim()
  if (tidy.length > most) throw new Refusal(`${what} may have at most ${most} characters`)
  return tidy
}

/**
 * @param {unknown} value
 * @param {number} most characters
 * @param {string} what
 */
function written(value, most, what) {
  const tidy = text(value, most, what)
  if (tidy === '') throw new Refusal(`${what} is empty`)
  return tidy
}

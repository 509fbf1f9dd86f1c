/** The restaurant: wires book, staff, floor and counts to the line, whichever that is, and decides nothing itself. */
import { randomUUID } from 'node:crypto'
import { createBook } from './book.mjs'
import { startChatter } from './chatter.mjs'
import { createFloor } from './floor.mjs'
import { createGuests } from './guests.mjs'
import { createOnce } from './once.mjs'
import { createPacer } from './pacer.mjs'
import * as parse from './parse.mjs'
import { Refusal } from './refusal.mjs'
import { createStaff } from './staff.mjs'

/** @import { Counts, Order } from '../src/model.ts' */
/** @import { Asked, Line } from './lines/line.ts' */

const COUNTS_EVERY_MS = 1_000
/** What a visitor has placed or touched is left to visitors for as long; then the staff takes over. */
const LEFT_TO_PEOPLE_MS = 30_000
const WARM_UP_STEPS = 140

/**
 * @typedef {object} HouseOptions
 * @property {number} seed
 * @property {number} ratePerSecond
 * @property {boolean} chatter
 */

/**
 * @param {Line} line
 * @param {HouseOptions} options
 */
export function openHouse(line, { seed, ratePerSecond, chatter }) {
  const service = randomUUID()
  let emitted = 0
  /** @type {Map<number, number>} until when, by order id */
  const leftToPeople = new Map()

  /**
   * @param {string} channel
   * @param {string} event
   * @param {unknown} payload
   */
  function emit(channel, event, payload) {
    emitted++
    line.emit(channel, event, payload)
  }

  let clock = Date.now
  const book = createBook({ onChange: (event, order) => emit('orders', event, order), now: () => clock() })
  const floor = createFloor({ emit: (event, payload) => emit('floor', event, payload) })
  const guests = createGuests(seed)
  const staff = createStaff({
    book,
    guests,
    seed,
    isLeftToPeople: order => (leftToPeople.get(order.id) ?? 0) > Date.now(),
  })

  /**
   * What visitors may write, now or later, over the line or over HTTP.
   * @type {Record<string, (asked: Asked) => object>}
   */
  const writes = {
    'orders:place': ({ name, payload, key }) => touched(book.place(parse.parseNewOrder(payload), name, key)),
    'floor:say': ({ name, payload, key }) => ({ message: floor.say(name, parse.parseSaying(payload), key) }),
    'house:pace': ({ payload }) => ({ perSecond: (pacer.perSecond = parse.parsePace(payload)) }),
  }
  /**
   * What visitors ask of it now or never.
   * @type {Record<string, (asked: Asked) => object | void>}
   */
  const requests = {
    'orders:bump': ({ payload }) => touched(book.bump(parse.parseBump(payload))),
    'orders:serve': ({ payload }) => ({ order: book.serve(parse.parseServe(payload)) }),
    'floor:is-typing': ({ name, payload }) => floor.setTyping(name, parse.parseTyping(payload)),
  }
  const written = createOnce()

  warmUp()
  const talk = chatter ? startChatter({ floor, seed }) : undefined
  const pacer = createPacer({ perSecond: ratePerSecond, step: perSecond => staff.step(roomFor(perSecond)) })
  const counting = setInterval(tellCounts, COUNTS_EVERY_MS)
  line.open({ take, enter: floor.enter, leave: floor.leave })

  /** The house has been open for a while when the first visitor comes. */
  function warmUp() {
    if (ratePerSecond === 0) return
    const opened = Date.now() - WARM_UP_STEPS * 1000
    for (let done = 0; done < WARM_UP_STEPS; done++) {
      clock = () => opened + done * 1000
      staff.step(roomFor(ratePerSecond))
    }
    clock = Date.now
    emitted = 0
  }

  function tellCounts() {
    const eventsPerSecond = emitted
    emitted = 0
    forgetOld()
    /** @type {Counts} */
    const counts = {
      connections: line.connections(),
      eventsPerSecond,
      pacePerSecond: pacer.perSecond,
      at: Date.now(),
    }
    emit('house', 'counts', counts)
  }

  function forgetOld() {
    const now = Date.now()
    for (const [id, until] of leftToPeople) if (until <= now) leftToPeople.delete(id)
  }

  /** @param {Order} order */
  function touched(order) {
    leftToPeople.set(order.id, Date.now() + LEFT_TO_PEOPLE_MS)
    return { order }
  }

  /**
   * Does what is written once, however often it comes.
   * @param {string} event
   * @param {Asked} asked
   * @throws {Refusal}
   */
  function write(event, asked) {
    const act = Object.hasOwn(writes, event) ? writes[event] : undefined
    if (act === undefined) throw new Refusal(`nobody here knows what ${event} is`)
    return written.run(asked.name, asked.key, () => act(asked))
  }

  /**
   * @param {string} event
   * @param {Asked} asked
   * @throws {Refusal}
   */
  function take(event, asked) {
    const answer = Object.hasOwn(requests, event) ? requests[event] : undefined
    return answer === undefined ? write(event, asked) : answer(asked)
  }

  return {
    book,
    write,
    take,
    /** Resolves when the line has all that was done until now. */
    done: async () => void (await line.emitted?.()),
    orders: () => ({ service, ...book.snapshot() }),
    floor: () => ({ service, ...floor.snapshot() }),
    close() {
      clearInterval(counting)
      pacer.close()
      talk?.close()
      floor.close()
    },
  }
}

/** @typedef {ReturnType<typeof openHouse>} House */

/**
 * More open orders when it is busier, so that each lives long enough to be seen.
 * @param {number} perSecond
 */
function roomFor(perSecond) {
  return Math.round(Math.min(18 + perSecond / 5, 60))
}

/** The restaurant on a Socket.IO server: wires book, staff, floor and counts to channels, and decides nothing itself. */
import { randomUUID } from 'node:crypto'
import { answerRequests } from './answer.mjs'
import { createBook } from './book.mjs'
import { startChatter } from './chatter.mjs'
import { createFloor } from './floor.mjs'
import { createGuests } from './guests.mjs'
import { createOnce } from './once.mjs'
import { createPacer } from './pacer.mjs'
import * as parse from './parse.mjs'
import { Refusal } from './refusal.mjs'
import { createStaff } from './staff.mjs'

/** @import { Server, Socket } from 'socket.io' */
/** @import { Counts, Order } from '../src/model.ts' */

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
 * @typedef {object} Written
 * @property {string} name whose it is
 * @property {unknown} payload
 * @property {string | undefined} key the message's idempotency key
 */

/**
 * @param {Server} io
 * @param {HouseOptions} options
 */
export function openHouse(io, { seed, ratePerSecond, chatter }) {
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
    io.to(channel).emit(`${channel}:${event}`, payload)
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
   * @type {Record<string, (written: Written) => object>}
   */
  const writes = {
    'orders:place': ({ name, payload, key }) => touched(book.place(parse.parseNewOrder(payload), name, key)),
    'floor:say': ({ name, payload, key }) => ({ message: floor.say(name, parse.parseSaying(payload), key) }),
    'house:pace': ({ payload }) => ({ perSecond: (pacer.perSecond = parse.parsePace(payload)) }),
  }
  const written = createOnce()

  warmUp()
  const talk = chatter ? startChatter({ floor, seed }) : undefined
  const pacer = createPacer({ perSecond: ratePerSecond, step: perSecond => staff.step(roomFor(perSecond)) })
  const counting = setInterval(tellCounts, COUNTS_EVERY_MS)
  io.use(introduce)
  io.on('connection', welcome)

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
      connections: io.engine.clientsCount,
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
   * @param {Written} what
   * @throws {Refusal}
   */
  function write(event, what) {
    const act = Object.hasOwn(writes, event) ? writes[event] : undefined
    if (act === undefined) throw new Refusal(`nobody here knows what ${event} is`)
    return written.run(what.name, what.key, () => act(what))
  }

  /**
   * Who somebody is they say in the handshake: what waits in their outbox may be the first that they send.
   * @param {Socket} socket
   * @param {(error?: Error) => void} next
   */
  function introduce(socket, next) {
    try {
      socket.data.name = parse.parseName(socket.handshake.auth)
      next()
    } catch (error) {
      next(error instanceof Error ? error : new Error(String(error)))
    }
  }

  /** @param {Socket} socket */
  function welcome(socket) {
    // A recovered connection has its rooms and data back, but was taken off the floor when it broke.
    if (socket.recovered && socket.rooms.has('floor')) floor.enter(socket.id, socket.data.name)
    socket.on('disconnect', () => floor.leave(socket.id))
    answerRequests(socket, {
      ...channelRequests(socket),
      ...writeRequests(socket),
      ...orderRequests(),
      'floor:is-typing': payload => floor.setTyping(socket.data.name, parse.parseTyping(payload)),
    })
  }

  /**
   * @param {Socket} socket
   * @returns {Record<string, import('./answer.mjs').Handler>}
   */
  function channelRequests(socket) {
    return {
      join: payload => {
        const channel = parse.parseChannel(payload)
        void socket.join(channel)
        if (channel === 'floor') floor.enter(socket.id, socket.data.name)
      },
      leave: payload => {
        const channel = parse.parseChannel(payload)
        void socket.leave(channel)
        if (channel === 'floor') floor.leave(socket.id)
      },
    }
  }

  /**
   * @param {Socket} socket
   * @returns {Record<string, import('./answer.mjs').Handler>}
   */
  function writeRequests(socket) {
    return Object.fromEntries(
      Object.keys(writes).map(event => [
        event,
        (payload, meta) => write(event, { name: socket.data.name, payload, key: parse.parseKey(meta) }),
      ]),
    )
  }

  /** @returns {Record<string, import('./answer.mjs').Handler>} */
  function orderRequests() {
    return {
      'orders:bump': payload => touched(book.bump(parse.parseBump(payload))),
      'orders:serve': payload => ({ order: book.serve(parse.parseServe(payload)) }),
    }
  }

  return {
    book,
    write,
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

/** The restaurant on a Socket.IO server: wires book, staff, floor and counts to channels, and decides nothing itself. */
import { randomUUID } from 'node:crypto'
import { answerRequests } from './answer.mjs'
import { createBook } from './book.mjs'
import { startChatter } from './chatter.mjs'
import { createFloor } from './floor.mjs'
import { createGuests } from './guests.mjs'
import { MENU } from './menu.mjs'
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

  warmUp()
  const talk = chatter ? startChatter({ floor, seed }) : undefined
  const pacer = createPacer({ perSecond: ratePerSecond, step: perSecond => staff.step(roomFor(perSecond)) })
  const counting = setInterval(tellCounts, COUNTS_EVERY_MS)
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

  /** @param {Socket} socket */
  function welcome(socket) {
    // A recovered connection has its rooms and data back, but was taken off the floor when it broke.
    if (socket.recovered && socket.rooms.has('floor') && socket.data.name) floor.enter(socket.id, socket.data.name)
    socket.on('disconnect', () => floor.leave(socket.id))
    answerRequests(socket, {
      ...channelRequests(socket),
      ...orderRequests(socket),
      ...floorRequests(socket),
      ...houseRequests(),
    })
  }

  /**
   * @param {Socket} socket
   * @returns {Record<string, import('./answer.mjs').Handler>}
   */
  function channelRequests(socket) {
    return {
      join: channel => void socket.join(parse.parseChannel(channel)),
      leave: channel => {
        void socket.leave(parse.parseChannel(channel))
        if (channel === 'floor') floor.leave(socket.id)
      },
    }
  }

  /**
   * @param {Socket} socket
   * @returns {Record<string, import('./answer.mjs').Handler>}
   */
  function orderRequests(socket) {
    return {
      'orders:snapshot': () => ({ service, menu: MENU, ...book.snapshot() }),
      'orders:place': payload => touched(book.place(parse.parseNewOrder(payload), socket.data.name ?? 'Guest')),
      'orders:bump': payload => touched(book.bump(parse.parseBump(payload))),
      'orders:serve': payload => ({ order: book.serve(parse.parseServe(payload)) }),
    }
  }

  /**
   * @param {Socket} socket
   * @returns {Record<string, import('./answer.mjs').Handler>}
   */
  function floorRequests(socket) {
    return {
      'floor:snapshot': () => ({ service, ...floor.snapshot() }),
      'floor:enter': payload => {
        socket.data.name = parse.parseName(payload)
        floor.enter(socket.id, socket.data.name)
      },
      'floor:say': payload => ({ message: floor.say(nameOf(socket), parse.parseSaying(payload)) }),
      'floor:is-typing': payload => floor.setTyping(nameOf(socket), parse.parseTyping(payload)),
    }
  }

  /** @returns {Record<string, import('./answer.mjs').Handler>} */
  function houseRequests() {
    return {
      'house:pace': payload => {
        pacer.perSecond = parse.parsePace(payload)
      },
      'house:unplug': () => void setTimeout(unplug, 50),
    }
  }

  function unplug() {
    for (const socket of io.sockets.sockets.values()) socket.conn.close(true)
  }

  return {
    service,
    book,
    close() {
      clearInterval(counting)
      pacer.close()
      talk?.close()
      floor.close()
    },
  }
}

/** @param {Socket} socket */
function nameOf(socket) {
  if (typeof socket.data.name !== 'string') throw new Refusal('say who you are first: floor:enter')
  return socket.data.name
}

/**
 * More open orders when it is busier, so that each lives long enough to be seen.
 * @param {number} perSecond
 */
function roomFor(perSecond) {
  return Math.round(Math.min(18 + perSecond / 5, 60))
}

/** Seeded staff: each step takes one order one step further, or seats new guests. One step is one event. */
import { createRandom, pick } from './random.mjs'

/** @import { Order, Ticket } from '../src/model.ts' */
/** @import { Book } from './book.mjs' */
/** @import { Guests } from './guests.mjs' */

const COOKED_PER_STEP = 0.25
/** Nobody touches the youngest orders: they are what stands in the first column. */
const YOUNGEST = 0.25
/** So many plates may wait on the pass before somebody carries one out. */
const ON_THE_PASS = 3

/**
 * @param {object} parts
 * @param {Book} parts.book
 * @param {Guests} parts.guests
 * @param {number} parts.seed
 * @param {(order: Order) => boolean} parts.isLeftToPeople orders that visitors are busy with
 */
export function createStaff({ book, guests, seed, isLeftToPeople }) {
  const random = createRandom(seed ^ 0x5eed)

  function seat() {
    const { order, waiter } = guests.next()
    book.place(order, waiter)
  }

  /** @param {Order} order */
  function work(order) {
    if (order.state === 'ready') return void book.serve(order.id)
    const [first, ...others] = order.tickets.filter(ticket => ticket.state !== 'ready')
    if (first === undefined) return
    advance(order, pick(random, [first, ...others]))
  }

  /**
   * @param {Order} order
   * @param {Ticket} ticket
   */
  function advance({ id }, { station, state }) {
    if (state === 'waiting') book.bump({ id, station, from: state })
    else book.cook(id, station, COOKED_PER_STEP)
  }

  return {
    /** @param {number} roomFor how many open orders the house aims at */
    step(roomFor) {
      const open = book.open()
      const mayServe = open.filter(order => order.state === 'ready').length > ON_THE_PASS
      const mine = open
        .slice(0, Math.ceil(open.length * (1 - YOUNGEST)))
        .filter(order => !isLeftToPeople(order) && (mayServe || order.state !== 'ready'))
      const [first, ...others] = mine
      const wantsMore = open.length < roomFor && random() < 0.3
      if (first !== undefined && !wantsMore) work(pick(random, [first, ...others]))
      else if (open.length < roomFor) seat()
    },
  }
}

/** @typedef {ReturnType<typeof createStaff>} Staff */

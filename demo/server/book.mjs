/** The order book: every open order, the last few served ones, and the rules by which they move. */
import { findDish, STATIONS } from './menu.mjs'
import { Refusal } from './refusal.mjs'

/** @import { Bump, Item, NewOrder, Order, OrderState, Station, Ticket } from '../src/model.ts' */

const MAX_OPEN = 96
const MAX_SERVED = 24

/**
 * @typedef {object} BookOptions
 * @property {(event: 'created' | 'changed', order: Order) => void} onChange
 * @property {() => number} [now]
 */

/** @param {BookOptions} options */
export function createBook({ onChange, now = Date.now }) {
  /** @type {Map<number, Order>} */
  const open = new Map()
  /** @type {Order[]} */
  let served = []
  let lastId = 0
  let version = 0

  /** @param {Order} order */
  function keep(order) {
    if (order.state !== 'served') return void open.set(order.id, order)
    open.delete(order.id)
    served = [...served, order].slice(-MAX_SERVED)
  }

  /**
   * @param {'created' | 'changed'} event
   * @param {Order} order
   */
  function commit(event, order) {
    const committed = { ...order, version: ++version, at: now() }
    keep(committed)
    onChange(event, committed)
    return committed
  }

  /** @param {number} id */
  function find(id) {
    const order = open.get(id)
    if (order === undefined) throw new Refusal(`order ${id} is not open any more`)
    return order
  }

  /**
   * @param {Order} order
   * @param {Ticket} changed
   */
  function withTicket(order, changed) {
    const tickets = order.tickets.map(ticket => (ticket.station === changed.station ? changed : ticket))
    return commit('changed', { ...order, tickets, state: stateOf(tickets) })
  }

  return {
    /** The open orders, oldest first. */
    open: () => [...open.values()],
    openCount: () => open.size,
    snapshot: () => ({ version, orders: [...served, ...open.values()] }),

    /**
     * @param {NewOrder} wanted
     * @param {string} placedBy
     * @param {string} [key] of the message that brought it
     */
    place({ table, items, note }, placedBy, key) {
      if (open.size >= MAX_OPEN) throw new Refusal(`the kitchen is full: ${MAX_OPEN} orders are open`)
      const at = now()
      const tickets = ticketsOf(items)
      return commit('created', {
        id: ++lastId,
        version,
        table,
        placedBy,
        key,
        note,
        state: 'placed',
        tickets,
        placedAt: at,
        at,
      })
    },

    /** @param {Bump} bump */
    bump({ id, station, from }) {
      const order = find(id)
      const ticket = ticketAt(order, station)
      if (ticket.state !== from) throw new Refusal(`somebody was quicker: the ticket is ${ticket.state} by now`)
      return withTicket(order, from === 'waiting' ? { ...ticket, state: 'cooking' } : done(ticket))
    },

    /**
     * @param {number} id
     * @param {Station} station
     * @param {number} by
     */
    cook(id, station, by) {
      const order = find(id)
      const ticket = ticketAt(order, station)
      const progress = ticket.progress + by
      return withTicket(order, progress >= 0.99 ? done(ticket) : { ...ticket, progress })
    },

    /** @param {number} id */
    serve(id) {
      const order = find(id)
      if (order.state !== 'ready') throw new Refusal(`order ${id} is not ready yet`)
      return commit('changed', { ...order, state: 'served' })
    },
  }
}

/** @typedef {ReturnType<typeof createBook>} Book */

/**
 * @param {readonly Item[]} items by dish id
 * @returns {Ticket[]} by dish name
 */
function ticketsOf(items) {
  return STATIONS.flatMap(station => {
    const own = items.filter(({ dish }) => findDish(dish)?.station === station)
    return own.length === 0 ? [] : [{ station, state: 'waiting', progress: 0, items: own.map(named) }]
  })
}

/** @param {Item} item */
function named({ dish, count }) {
  return { dish: findDish(dish)?.name ?? dish, count }
}

/**
 * @param {Ticket} ticket
 * @returns {Ticket}
 */
function done(ticket) {
  return { ...ticket, state: 'ready', progress: 1 }
}

/**
 * @param {readonly Ticket[]} tickets
 * @returns {OrderState}
 */
function stateOf(tickets) {
  if (tickets.every(ticket => ticket.state === 'ready')) return 'ready'
  return tickets.every(ticket => ticket.state === 'waiting') ? 'placed' : 'cooking'
}

/**
 * @param {Order} order
 * @param {Station} station
 */
function ticketAt(order, station) {
  const ticket = order.tickets.find(candidate => candidate.station === station)
  if (ticket === undefined) throw new Refusal(`order ${order.id} has nothing for the ${station}`)
  return ticket
}

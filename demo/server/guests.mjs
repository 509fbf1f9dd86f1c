/** Seeded guests: the n-th order is the same at every run with the same seed, whatever else happens. */
import { MENU } from './menu.mjs'
import { MAX_TABLES, MISSING_TABLE } from './parse.mjs'
import { between, createRandom, pick } from './random.mjs'

/** @import { Item, NewOrder } from '../src/model.ts' */
/** @import { Random } from './random.mjs' */

/** @type {readonly [string, ...string[]]} */
const NOTES = ['no onions', 'birthday', 'nut allergy', 'sauce on the side', 'well done', 'in a hurry']
/** @type {readonly [string, ...string[]]} */
const WAITERS = ['Nino', 'Ada', 'Rosa', 'Piero']

/** @param {number} seed */
export function createGuests(seed) {
  const random = createRandom(seed)
  return {
    /** @returns {{ order: NewOrder, waiter: string }} */
    next: () => ({
      order: {
        table: pickTable(random),
        items: pickItems(random),
        note: random() < 0.3 ? pick(random, NOTES) : '',
      },
      waiter: pick(random, WAITERS),
    }),
  }
}

/** @typedef {ReturnType<typeof createGuests>} Guests */

/** @param {Random} random */
function pickTable(random) {
  const table = between(random, 1, MAX_TABLES - 1)
  return table < MISSING_TABLE ? table : table + 1
}

/**
 * @param {Random} random
 * @returns {Item[]}
 */
function pickItems(random) {
  const ids = Array.from({ length: between(random, 1, 4) }, () => pick(random, MENU).id)
  return [...new Set(ids)].map(dish => ({ dish, count: between(random, 1, 3) }))
}

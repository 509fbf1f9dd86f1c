/** @typedef {() => number} Random a number from 0 up to, not including, 1 */

/**
 * mulberry32: the same seed gives the same numbers, on every machine.
 * @param {number} seed
 * @returns {Random}
 */
export function createRandom(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * @param {Random} random
 * @param {number} from
 * @param {number} to included
 */
export function between(random, from, to) {
  return from + Math.floor(random() * (to - from + 1))
}

/**
 * @template T
 * @param {Random} random
 * @param {readonly [T, ...T[]]} list
 * @returns {T}
 */
export function pick(random, list) {
  return list[Math.floor(random() * list.length)] ?? list[0]
}

/** @typedef {import('./load.mjs').Burst | import('./load.mjs').Paced} AnyLoad */

/** @type {Readonly<Record<string, (seconds: number) => AnyLoad>>} */
const loads = {
  'burst-300': () => ({ kind: 'burst', count: 10_000, bytes: 300 }),
  'burst-4k': () => ({ kind: 'burst', count: 2_000, bytes: 4_096 }),
  'paced-50': seconds => ({ kind: 'paced', rate: 50, seconds, bytes: 300 }),
  'paced-1000': seconds => ({ kind: 'paced', rate: 1_000, seconds, bytes: 300 }),
  'paced-5000': seconds => ({ kind: 'paced', rate: 5_000, seconds, bytes: 300 }),
}

export const caseNames = Object.keys(loads)

/**
 * @param {readonly string[]} names
 * @param {number} seconds of paced loads
 * @returns {{ name: string, load: AnyLoad }[]}
 */
export const cases = (names, seconds) =>
  Object.entries(loads)
    .filter(([name]) => names.includes(name))
    .map(([name, load]) => ({ name, load: load(seconds) }))

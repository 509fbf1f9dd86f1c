import { median, quantile } from './statistics.mjs'
import { milliseconds, whole } from './table.mjs'

/** @typedef {import('../outbox.bench.mjs').Results} Results */
/** @typedef {import('./report.mjs').Target} Target */

const megabyte = 2 ** 20

/**
 * @param {Results} results
 * @returns {Target[]} of the parts that were measured
 */
export function outboxTargets({ burst, single, drain, start }) {
  return [
    ...(burst ? burstTargets(burst) : []),
    ...(single ? singleTargets(single) : []),
    ...(drain ? drainTargets(drain) : []),
    ...(start ? startTargets(start) : []),
  ]
}

/**
 * @param {NonNullable<Results['burst']>} burst
 * @returns {Target[]}
 */
function burstTargets({ rounds }) {
  const perSecond = median(rounds.map(({ partyline }) => partyline))
  const timesIdb = median(rounds.map(round => round.partyline / round['idb-keyval']))
  // Of Workbox's two, the faster.
  const timesWorkbox = median(
    rounds.map(round => round.partyline / Math.max(round.workbox, round['workbox-without-sync'])),
  )
  return [
    { name: 'one tab stores 8 000 messages/s at least', met: perSecond >= 8_000, figure: `${whole(perSecond)}/s` },
    {
      name: '8 times one transaction a message at least',
      met: timesIdb >= 8,
      figure: `${timesIdb.toFixed(1)} times`,
    },
    {
      name: "8 times Workbox's Queue at least",
      met: timesWorkbox >= 8,
      figure: `${timesWorkbox.toFixed(1)} times`,
    },
  ]
}

/**
 * @param {NonNullable<Results['single']>} single
 * @returns {Target[]}
 */
function singleTargets({ cases }) {
  return cases
    .filter(({ store }) => store === 'partyline')
    .map(({ rate, hasServer, took }) => {
      const p95 = quantile(took, 0.95)
      const pace = rate === undefined ? 'one after the other' : `${rate} a second`
      return {
        name: `a single message is stored within 10 ms at p95: ${pace}, ${hasServer ? 'with a server' : 'no server'}`,
        met: p95 < 10,
        figure: milliseconds(p95),
      }
    })
}

/**
 * @param {NonNullable<Results['drain']>} drain
 * @returns {Target[]}
 */
function drainTargets({ rounds }) {
  const perSecond = median(rounds.map(round => round['lanes-8'].perSecond))
  return [
    {
      name: 'drains 2 000 messages/s at least over 8 lanes, default options',
      met: perSecond >= 2_000,
      figure: `${whole(perSecond)}/s`,
    },
  ]
}

/**
 * @param {NonNullable<Results['start']>} start
 * @returns {Target[]}
 */
function startTargets({ count, rounds }) {
  const ms = median(rounds.map(({ full }) => full.ms))
  const more = median(rounds.map(({ full, empty }) => full.heapBytes - empty.heapBytes)) / megabyte
  return [
    { name: `ready within 1 s when ${whole(count)} messages wait`, met: ms <= 1_000, figure: milliseconds(ms) },
    {
      name: `32 MB more heap at most when ${whole(count)} messages wait`,
      met: more <= 32,
      figure: `${more.toFixed(2)} MB more`,
    },
  ]
}

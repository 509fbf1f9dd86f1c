import { median } from './statistics.mjs'
import { milliseconds, whole } from './table.mjs'

/** @typedef {import('../fan-out.bench.mjs').Measured} Measured */

/**
 * @param {readonly Measured[]} results
 * @returns {import('./report.mjs').Target[]}
 */
export function fanOutTargets(results) {
  const tenTabs = results.filter(({ source, tabs }) => source === 'transport' && tabs === 10)
  return [...burstTargets(tenTabs), ...steadyTargets(tenTabs)]
}

/** @param {readonly Measured[]} results */
function burstTargets(results) {
  const burst = results.find(({ name }) => name === 'burst-300')
  /** @param {string} contender */
  const rate = contender => median(roundsOf(burst, contender).map(round => round.deliveriesPerSecond))
  const own = rate('partyline')
  const timesComlink = own / rate('comlink')
  const timesFrames = own / rate('frames')
  return [
    target('10 tabs, burst: 500 000 deliveries/s at least', own, own >= 500_000, `${whole(own)}/s`),
    target(
      '10 tabs, burst: 25 times Comlink callbacks at least',
      timesComlink,
      timesComlink >= 25,
      `${timesComlink.toFixed(1)} times`,
    ),
    target(
      '10 tabs, burst: no less than bare frames of 64',
      timesFrames,
      timesFrames >= 1,
      `${timesFrames.toFixed(2)} times`,
    ),
  ]
}

/** @param {readonly Measured[]} results */
function steadyTargets(results) {
  const steady = results.find(({ name }) => name === 'paced-5000')
  const rounds = roundsOf(steady, 'partyline')
  const p50 = median(rounds.map(round => round.p50))
  const p95 = median(rounds.map(round => round.p95))
  const backlogMs = median(rounds.map(round => round.backlogMs))
  const isClean = rounds.every(round => !round.isBehind && round.missing === 0)
  return [
    target(
      '10 tabs, 5 000 events/s: nothing piles up',
      backlogMs,
      isClean,
      `${milliseconds(backlogMs)} behind at the end`,
    ),
    target('10 tabs, 5 000 events/s: median under 2.5 ms', p50, p50 < 2.5, milliseconds(p50)),
    target('10 tabs, 5 000 events/s: p95 under 10 ms', p95, p95 < 10, milliseconds(p95)),
  ]
}

/**
 * @param {Measured | undefined} measured
 * @param {string} name
 */
const roundsOf = (measured, name) => measured?.contenders.find(({ contender }) => contender === name)?.rounds ?? []

/**
 * @param {string} name
 * @param {number} value NaN when it was not measured
 * @param {boolean} isMet
 * @param {string} figure
 */
const target = (name, value, isMet, figure) => ({ name, met: Number.isNaN(value) ? undefined : isMet, figure })

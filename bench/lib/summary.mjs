import { Histogram } from './histogram.mjs'
import { countOf } from './load.mjs'

/** A run whose last event was handled this long after it was due did not keep up. */
const behindMs = 250

/**
 * @typedef {object} Summary of one run over all tabs
 * @property {number} deliveriesPerSecond from the first event's hand-over to the last tab's last handler
 * @property {number} lastAfterMs
 * @property {number} p50 from hand-over to handler
 * @property {number} p95
 * @property {number} p99
 * @property {number} max
 * @property {number} latenessP95 how late hand-overs were
 * @property {number} backlogMs from when the last event was due to when the last tab had handled it
 * @property {boolean} isBehind
 * @property {number} expected events for each tab
 * @property {number} received by all tabs
 * @property {number} missing
 * @property {number} misordered
 *
 * @param {import('./load.mjs').Burst | import('./load.mjs').Paced} load
 * @param {readonly import('./tabs.mjs').Recording[]} recordings
 * @returns {Summary}
 */
export function summarise(load, recordings) {
  const latency = new Histogram()
  const lateness = new Histogram()
  for (const recording of recordings) {
    latency.merge(recording.latency)
    lateness.merge(recording.lateness)
  }
  const received = sum(recordings.map(recording => recording.received))
  const expected = countOf(load)
  const lastHandled = Math.max(...recordings.map(recording => recording.lastHandled))
  const lastAfterMs = lastHandled - Math.min(...recordings.map(recording => recording.firstAt))
  const backlogMs = lastHandled - Math.max(...recordings.map(recording => recording.lastDue))
  const isComplete = recordings.every(
    recording => recording.isComplete && recording.received + recording.missing === expected,
  )
  return {
    deliveriesPerSecond: (received / lastAfterMs) * 1000,
    lastAfterMs,
    p50: latency.quantile(0.5),
    p95: latency.quantile(0.95),
    p99: latency.quantile(0.99),
    max: latency.max,
    latenessP95: lateness.quantile(0.95),
    backlogMs,
    isBehind: load.kind === 'paced' && (backlogMs > behindMs || !isComplete),
    expected,
    received,
    missing: sum(recordings.map(recording => recording.missing)),
    misordered: sum(recordings.map(recording => recording.misordered)),
  }
}

/** @param {readonly number[]} values */
const sum = values => values.reduce((total, value) => total + value, 0)

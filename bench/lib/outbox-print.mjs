import { median, quantile, spread } from './statistics.mjs'
import { kilobytes, microseconds, milliseconds, printTable, whole, withRange } from './table.mjs'

/** @typedef {import('../outbox.bench.mjs').Results} Results */

const storeLabels = {
  partyline: 'Partyline',
  'idb-keyval': 'idb-keyval, one set a message',
  workbox: "Workbox's Queue",
  'workbox-without-sync': "Workbox's Queue, without Background Sync",
}

const drainLabels = {
  'lanes-8': '8 lanes',
  'lane-1': '1 lane',
  batch: '8 lanes, batch',
}

/** @param {NonNullable<Results['burst']>} burst */
export function printBursts({ count, load, rounds }) {
  const names = /** @type {(keyof typeof storeLabels)[]} */ (Object.keys(storeLabels))
  printTable(
    `${whole(count)} messages of 300 bytes stored, all handed over at once (${rounds.length} rounds, load ${load.toFixed(1)})`,
    ['', 'stored/s', 'a message', 'Partyline is'],
    names.map(name => [
      storeLabels[name],
      withRange(spread(rounds.map(round => round[name])), whole),
      microseconds(median(rounds.map(round => 1_000_000 / round[name]))),
      name === 'partyline'
        ? ''
        : withRange(spread(rounds.map(round => round.partyline / round[name])), times => `${times.toFixed(1)} times`),
    ]),
  )
}

/** @param {NonNullable<Results['single']>} single */
export function printSingles({ load, cases }) {
  printTable(
    `One message of 300 bytes at a time, from the call until it is stored (load ${load.toFixed(1)})`,
    ['', 'messages', 'p50', 'p95', 'p99', 'max'],
    cases.map(({ store, hasServer, rate, took }) => [
      `${storeLabels[store]}${store === 'partyline' ? (hasServer ? ', with a server' : ', no server') : ''}, ${rate === undefined ? 'one after the other' : `${rate} a second`}`,
      whole(took.length),
      ...[0.5, 0.95, 0.99, 1].map(share => milliseconds(quantile(took, share))),
    ]),
  )
}

/** @param {NonNullable<Results['drain']>} drain */
export function printDrains({ count, load, rounds }) {
  const ways = /** @type {(keyof typeof drainLabels)[]} */ (Object.keys(drainLabels))
  printTable(
    `${whole(count)} waiting messages of 300 bytes to a Socket.IO server (${rounds.length} rounds, load ${load.toFixed(1)})`,
    ['', 'messages/s', 'all arrived after', 'none waits after', 'requests', 'server CPU', 'faults'],
    ways.map(way => {
      const of = rounds.map(round => round[way])
      return [
        drainLabels[way],
        withRange(spread(of.map(({ perSecond }) => perSecond)), whole),
        milliseconds(median(of.map(({ inbox }) => inbox.lastAt - inbox.firstAt))),
        milliseconds(median(of.map(({ ms }) => ms))),
        whole(median(of.map(({ inbox }) => inbox.requests))),
        milliseconds(median(of.map(({ inbox }) => inbox.cpuMs))),
        faults(of),
      ]
    }),
  )
}

/** @param {NonNullable<Results['start']>} start */
export function printStarts({ count, load, rounds }) {
  const row = /** @param {readonly import('../outbox.bench.mjs').Start[]} starts */ starts => [
    withRange(spread(starts.map(({ ms }) => ms)), milliseconds),
    withRange(spread(starts.map(({ heapBytes }) => heapBytes)), kilobytes),
  ]
  printTable(
    `From opening the worker until messages can be stored (${rounds.length} rounds, load ${load.toFixed(1)})`,
    ['', 'ready after', 'heap of the worker'],
    [
      [`${whole(count)} messages wait`, ...row(rounds.map(({ full }) => full))],
      ['none waits', ...row(rounds.map(({ empty }) => empty))],
    ],
  )
}

export function printFoot() {
  console.log(`
Medians of the rounds (least–most); how many times within a round. Stored: every publish has resolved. Workbox's Queue is
measured inside its service worker. Drained: from the first message at the server until none waits in the browser. Load:
the machine's, of the last minute, when that part began.`)
}

/** @param {readonly import('../outbox.bench.mjs').DrainRound[]} rounds */
function faults(rounds) {
  const sum = /** @param {(round: typeof rounds[number]) => number} of */ of =>
    rounds.reduce((total, round) => total + of(round), 0)
  const found = Object.entries({
    missing: sum(({ missing }) => missing),
    'out of order': sum(({ inbox }) => inbox.misordered),
    'sent twice': sum(({ inbox }) => inbox.duplicates),
  })
  return (
    found
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `${whole(count)} ${what}`)
      .join(', ') || 'none'
  )
}

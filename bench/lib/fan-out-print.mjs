import { median, spread } from './statistics.mjs'
import { kilobytes, microseconds, milliseconds, printTable, whole, withRange } from './table.mjs'

/** @typedef {import('../fan-out.bench.mjs').Measured} Measured */
/** @typedef {import('../fan-out.bench.mjs').Round} Round */

const labels = {
  partyline: 'Partyline',
  comlink: 'Comlink callbacks',
  messages: 'one postMessage an event',
  frames: 'bare frames of 64',
  'partyline-socket-io': 'Partyline',
  'socket-io': 'a Socket.IO client a tab',
}

/** @param {Measured} measured */
export function printCase(measured) {
  if (measured.load.kind === 'burst') printBurst(measured)
  else printPaced(measured)
}

/** @param {Measured} measured */
function printBurst({ source, tabs, load, contenders }) {
  if (load.kind !== 'burst') return
  const isServer = source === 'socket-io'
  printTable(
    `${title(source, tabs)}, a burst of ${whole(load.count)} events of ${load.bytes} bytes`,
    [
      '',
      'deliveries/s',
      'last handled after',
      'p50',
      'CPU a delivery',
      'rounds',
      ...(isServer ? serverHeadings : ['frames/tab']),
      'faults',
    ],
    contenders.map(({ contender, rounds }) => [
      labels[contender],
      withRange(spread(rounds.map(round => round.deliveriesPerSecond)), whole),
      milliseconds(median(rounds.map(round => round.lastAfterMs))),
      milliseconds(median(rounds.map(round => round.p50))),
      cpuOf(rounds),
      String(rounds.length),
      ...(isServer ? serverCells(rounds) : [frames(rounds)]),
      faults(rounds),
    ]),
  )
}

/** @param {Measured} measured */
function printPaced({ source, tabs, load, contenders }) {
  if (load.kind !== 'paced') return
  const isServer = source === 'socket-io'
  printTable(
    `${title(source, tabs)}, ${whole(load.rate)} events/s of ${load.bytes} bytes for ${load.seconds} s`,
    [
      '',
      'p50',
      'p95',
      'p99',
      'max',
      'backlog at the end',
      'CPU a delivery',
      ...(isServer ? serverHeadings : ['frames/tab']),
      'kept up',
      'faults',
    ],
    contenders.map(({ contender, rounds }) => [
      labels[contender],
      .../** @type {const} */ (['p50', 'p95', 'p99', 'max', 'backlogMs']).map(figure =>
        milliseconds(median(rounds.map(round => round[figure]))),
      ),
      cpuOf(rounds),
      ...(isServer ? serverCells(rounds) : [frames(rounds)]),
      rounds.some(round => round.isBehind) ? 'no, behind' : 'yes',
      faults(rounds),
    ]),
  )
}

/** @param {readonly Round[]} rounds */
const cpuOf = rounds =>
  microseconds(median(rounds.map(({ browserCpuMs, received }) => (browserCpuMs * 1000) / received)))

const serverHeadings = ['server CPU', 'server sent']

/** @param {readonly Round[]} rounds */
const serverCells = rounds => [
  milliseconds(median(rounds.map(round => round.serverCpuMs ?? NaN))),
  kilobytes(median(rounds.map(round => round.serverBytes ?? NaN))),
]

/** @param {readonly Round[]} rounds */
const frames = rounds => whole(median(rounds.map(round => round.framesPerTab ?? NaN)))

/** @param {readonly Round[]} rounds */
function faults(rounds) {
  const missing = rounds.reduce((sum, round) => sum + round.missing, 0)
  const misordered = rounds.reduce((sum, round) => sum + round.misordered, 0)
  return (
    [
      ...(missing > 0 ? [`${whole(missing)} missing`] : []),
      ...(misordered > 0 ? [`${whole(misordered)} out of order`] : []),
    ].join(', ') || 'none'
  )
}

/**
 * @param {Measured['source']} source
 * @param {number} tabs
 */
const title = (source, tabs) =>
  `${tabs} ${tabs === 1 ? 'tab' : 'tabs'}, ${source === 'transport' ? 'benchmark transport' : 'Socket.IO server'}`

/** @param {{ renderers: number }} env */
export function printFoot({ renderers }) {
  console.log(`
Bursts: the median of the rounds (least–most). Times run from the hand-over to the broker (or at the server) to the
handler in the tab, over all tabs. Behind: the last event was handled over 250 ms after it was due, or the run had to be
ended early. CPU: of all of Chromium's processes. Background throttling is off; there were ${renderers} renderer processes.`)
}

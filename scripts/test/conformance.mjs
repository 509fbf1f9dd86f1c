/** @typedef {{ readonly transport: string, readonly promise: string, readonly status: string, readonly missing?: string }} Cell */

/**
 * The table of transports and the cases that each went through, and what kept a case from being run.
 * @param {readonly import('./reports.mjs').Outcome[]} outcomes of a stage; tests that are no cases are left out
 * @returns {string | undefined} undefined when no case was run
 */
export function conformanceTable(outcomes) {
  const cells = outcomes.flatMap(toCell)
  if (cells.length === 0) return undefined
  const transports = [...new Set(cells.map(({ transport }) => transport))]
  const promises = [...new Set(cells.map(({ promise }) => promise))]
  return [
    row('', transports),
    ...promises.map(promise =>
      row(
        promise,
        transports.map(transport => mark(cells.find(cell => cell.promise === promise && cell.transport === transport))),
      ),
    ),
    ...notes(cells),
  ].join('\n')
}

/**
 * @param {import('./reports.mjs').Outcome} outcome
 * @returns {readonly Cell[]}
 */
const toCell = ({ title, status, meta: { transport, notOffered } }) =>
  transport === undefined
    ? []
    : [{ transport, promise: title, status, ...(notOffered === undefined ? {} : { missing: notOffered }) }]

/** @param {Cell | undefined} cell */
function mark(cell) {
  if (cell === undefined) return '·'
  if (cell.missing !== undefined) return 'not offered'
  return cell.status === 'passed' ? 'ok' : cell.status === 'failed' ? 'FAILED' : '·'
}

const PROMISE_WIDTH = 72
const MARK_WIDTH = 11

/** @param {string} promise @param {readonly string[]} marks */
const row = (promise, marks) => [shortened(promise), ...marks.map(one => one.padEnd(MARK_WIDTH))].join('  ').trimEnd()

/** @param {string} text */
const shortened = text =>
  (text.length > PROMISE_WIDTH ? `${text.slice(0, PROMISE_WIDTH - 1)}…` : text).padEnd(PROMISE_WIDTH)

/**
 * One line for each transport: of what it has not.
 * @param {readonly Cell[]} cells
 */
function notes(cells) {
  /** @type {Map<string, Set<string>>} */
  const missing = new Map()
  for (const { transport, missing: what } of cells)
    if (what !== undefined) missing.set(transport, (missing.get(transport) ?? new Set()).add(what))
  return Array.from(missing, ([transport, what]) => `not offered by ${transport}: ${[...what].join(', ')}`)
}

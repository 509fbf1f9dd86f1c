import { engineNames, wantedEngines } from '../setup/engine-names.mjs'
import { reportOf, vitestOutcomes } from './reports.mjs'
import { runVitest } from './runners.mjs'

/** @typedef {import('./stages.mjs').StageOptions} StageOptions */
/** @typedef {import('./stages.mjs').StageResult} StageResult */
/** @typedef {{ readonly scenario: string, readonly engine: string, readonly status: string, readonly reason?: string }} Cell */

const marks = { passed: '✓', failed: '✗' }

/**
 * Scenarios on real engines. Says which of them an engine was not asked for and why; asked for by name, it also shows
 * the table of scenarios and engines.
 * @param {StageOptions} options
 * @returns {Promise<StageResult>}
 */
export async function runEngines(options) {
  const result = await runVitest('engines', 'tests/engines', options, 'verbose')
  const cells = vitestOutcomes(reportOf('engines')).map(toCell)
  const notes = [...leftOut(), ...cells.flatMap(notRun)]
  if (options.live) console.log([table(cells), ...notes].join('\n'))
  return { ...result, notes }
}

/**
 * @param {import('./reports.mjs').Outcome} outcome
 * @returns {Cell}
 */
const toCell = ({ ancestorTitles, title, status, meta }) => ({
  scenario: title,
  engine: ancestorTitles.at(-1) ?? '',
  status,
  ...(meta.notRun === undefined ? {} : { reason: meta.notRun }),
})

function leftOut() {
  const wanted = wantedEngines()
  return engineNames
    .filter(name => !wanted.includes(name))
    .map(name => `${name}: left out by PARTYLINE_ENGINES=${wanted.join(',')}`)
}

/** @param {Cell} cell */
const notRun = ({ engine, scenario, reason }) =>
  reason === undefined ? [] : [`${engine}: '${scenario}' not run: ${reason}`]

/**
 * A row for each scenario, a column for each engine. What the pattern left out has a dot.
 * @param {readonly Cell[]} cells
 */
function table(cells) {
  const engines = [...new Set(cells.map(({ engine }) => engine))]
  const scenarios = [...new Set(cells.map(({ scenario }) => scenario))]
  const width = Math.max(...scenarios.map(scenario => scenario.length))
  /** @param {string} first @param {readonly string[]} others */
  const row = (first, others) => [first.padEnd(width), ...others.map(other => other.padEnd(9))].join('  ').trimEnd()
  /** @param {string} scenario @param {string} engine */
  const mark = (scenario, engine) => markOf(cells.find(cell => cell.scenario === scenario && cell.engine === engine))
  return [
    row('', engines),
    ...scenarios.map(scenario =>
      row(
        scenario,
        engines.map(engine => mark(scenario, engine)),
      ),
    ),
  ].join('\n')
}

/** @param {Cell | undefined} cell */
function markOf(cell) {
  if (cell?.reason !== undefined) return 'not run'
  return cell?.status === 'passed' || cell?.status === 'failed' ? marks[cell.status] : '·'
}

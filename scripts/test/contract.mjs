import { conformanceTable } from './conformance.mjs'
import { reportOf, vitestOutcomes } from './reports.mjs'
import { runVitest } from './runners.mjs'

/**
 * The broker and its transports; with the table of what each transport went through.
 * @param {import('./stages.mjs').StageOptions} options
 * @returns {Promise<import('./stages.mjs').StageResult>}
 */
export async function runContract(options) {
  const result = await runVitest('contract', 'tests/contract', options)
  const table = conformanceTable(vitestOutcomes(reportOf('contract')))
  return table === undefined ? result : { ...result, table }
}

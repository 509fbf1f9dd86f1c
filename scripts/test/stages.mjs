import { existsSync } from 'node:fs'
import { inRoot } from '../lib/paths.mjs'
import { runLint, runTypes } from './checks.mjs'
import { runPlaywright, runVitest } from './runners.mjs'

/**
 * @typedef {{ readonly args: readonly string[], readonly live: boolean }} StageOptions
 *   `live`: one stage asked for by name, which shows its output as it comes
 * @typedef {{ readonly counts: import('./counts.mjs').Counts, readonly output: string }} StageResult
 *
 * @typedef {object} Stage
 * @property {string} name
 * @property {string} [folder] where its tests are; without it the stage is always there
 * @property {boolean} [needsChromium]
 * @property {(options: StageOptions) => Promise<StageResult>} run
 */

/**
 * In the order in which they run.
 * @type {readonly Stage[]}
 */
export const stages = [
  { name: 'lint', run: runLint },
  { name: 'types', run: runTypes },
  vitestStage('unit'),
  vitestStage('contract'),
  vitestStage('package'),
  { ...vitestStage('browser'), needsChromium: true },
  { name: 'e2e', folder: 'tests/e2e', needsChromium: true, run: options => runPlaywright('e2e', 'tests/e2e', options) },
]

/** @param {Stage} stage */
export const isThere = ({ folder }) => folder === undefined || existsSync(inRoot(folder))

/**
 * @param {string} name of a project in vitest.config.ts, and of its folder in tests
 * @returns {Stage}
 */
function vitestStage(name) {
  const folder = `tests/${name}`
  return { name, folder, run: options => runVitest(name, folder, options) }
}

import { existsSync } from 'node:fs'
import { inRoot } from '../lib/paths.mjs'
import { ensureChromium } from '../setup/ensure-chromium.mjs'
import { ensureEngines } from '../setup/ensure-engines.mjs'
import { ensurePostgres } from '../setup/ensure-postgres.mjs'
import { runLint, runTypes } from './checks.mjs'
import { runContract } from './contract.mjs'
import { runEngines } from './engines.mjs'
import { runPlaywright, runVitest } from './runners.mjs'

/**
 * @typedef {{ readonly args: readonly string[], readonly live: boolean }} StageOptions
 *   `live`: one stage asked for by name, which shows its output as it comes
 * @typedef {{ readonly counts: import('./counts.mjs').Counts, readonly output: string,
 *   readonly notes?: readonly string[], readonly table?: string }} StageResult
 *   `notes`: what is to be said of a stage also when it passes; `table`: what is to be shown at the end of the run
 *
 * @typedef {object} Stage
 * @property {string} name
 * @property {string} [folder] where its tests are; without it the stage is always there
 * @property {() => Promise<unknown>} [prepare] finds or installs what the stage needs; rejects when that is not to be had
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
  { ...vitestStage('contract'), run: runContract },
  { ...vitestStage('servers'), prepare: ensurePostgres },
  vitestStage('package'),
  { ...vitestStage('browser'), prepare: ensureChromium },
  playwrightStage('e2e'),
  playwrightStage('chaos'),
  playwrightStage('facades', 'tests/facades'),
  { ...vitestStage('engines'), prepare: ensureEngines, run: runEngines },
]

/** @param {Stage} stage */
export const isThere = ({ folder }) => folder === undefined || existsSync(inRoot(folder))

/**
 * @param {string} name of a project in playwright.config.ts
 * @param {string} [folder] where its tests are
 * @returns {Stage}
 */
function playwrightStage(name, folder = 'tests/e2e') {
  return { name, folder, prepare: ensureChromium, run: options => runPlaywright(name, folder, options) }
}

/**
 * @param {string} name of a project in vitest.config.ts, and of its folder in tests
 * @returns {Stage}
 */
function vitestStage(name) {
  const folder = `tests/${name}`
  return { name, folder, run: options => runVitest(name, folder, options) }
}

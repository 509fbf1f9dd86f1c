import { readFileSync, rmSync } from 'node:fs'
import { inRoot } from '../lib/paths.mjs'

/** @typedef {import('./counts.mjs').Counts} Counts */

/**
 * Where a stage's report is.
 * @param {string} stage
 */
export const reportOf = stage => inRoot('.cache', 'reports', `${stage}.json`)

/**
 * Where a stage's report goes. One that an earlier run left there is removed.
 * @param {string} stage
 */
export function freshReport(stage) {
  const path = reportOf(stage)
  rmSync(path, { force: true })
  return path
}

/**
 * Counts of a report of Vitest's reporter `json`. A file that could not be loaded counts as one failure.
 * @param {string} path
 * @returns {Counts | undefined}
 */
export function vitestCounts(path) {
  const report = readJson(path)
  if (report === undefined) return undefined
  /** @type {{ status: string, assertionResults: { status: string }[] }[]} */
  const files = report.testResults
  const broken = files.filter(
    file => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  )
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + broken.length,
    skipped: report.numPendingTests + report.numTodoTests,
  }
}

/**
 * @typedef {object} Outcome of one test
 * @property {readonly string[]} ancestorTitles of the groups that it stands in
 * @property {string} title
 * @property {'passed' | 'failed' | 'skipped' | 'pending' | 'todo'} status
 * @property {{ readonly notRun?: string, readonly transport?: string, readonly notOffered?: string }} meta
 *
 * What became of each test, by a report of Vitest's reporter `json`.
 * @param {string} path
 * @returns {readonly Outcome[]} empty when there is no readable report
 */
export const vitestOutcomes = path =>
  (readJson(path)?.testResults ?? []).flatMap(
    /** @param {{ assertionResults: Outcome[] }} file */ ({ assertionResults }) => assertionResults,
  )

/**
 * Counts of a report of Playwright's reporter `json`.
 * @param {string} path
 * @returns {Counts | undefined}
 */
export function playwrightCounts(path) {
  const report = readJson(path)
  if (report === undefined) return undefined
  const { expected, unexpected, flaky, skipped } = report.stats
  return { passed: expected, failed: unexpected + flaky, skipped }
}

/** @param {string} path */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return undefined
  }
}

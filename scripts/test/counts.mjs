/** @typedef {{ readonly passed: number, readonly failed: number, readonly skipped: number }} Counts */

/** @type {Counts} */
export const noCounts = { passed: 0, failed: 0, skipped: 0 }

/**
 * @param {Counts} a
 * @param {Counts} b
 * @returns {Counts}
 */
export const add = (a, b) => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
})

/** @param {Counts} counts */
export const summary = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`

/**
 * The counts of a finished run, so that nothing that went wrong can look like success: a run that ended badly
 * with no failed test, left no report, or executed nothing has one failure.
 * @param {Counts | undefined} reported undefined when there is no readable report
 * @param {number} exitCode
 * @returns {{ readonly counts: Counts, readonly remark?: string }}
 */
export function judge(reported, exitCode) {
  const counts = reported ?? noCounts
  const asFailed = { ...counts, failed: Math.max(1, counts.failed) }
  if (reported === undefined) return { counts: asFailed, remark: 'The run left no report.' }
  if (counts.passed + counts.failed === 0) return { counts: asFailed, remark: 'No test was executed.' }
  if (exitCode !== 0 && counts.failed === 0) {
    return { counts: asFailed, remark: `The run ended with code ${exitCode} although no test failed.` }
  }
  return { counts }
}

import { summary } from './counts.mjs'

/**
 * One line for a stage; after it its notes and, where the stage failed, all its output.
 * @param {string} name
 * @param {number} tookMs
 * @param {import('./stages.mjs').StageResult} result
 */
export function printStage(name, tookMs, { counts, output, notes = [] }) {
  const verdict = counts.failed === 0 ? 'ok' : 'FAILED'
  const seconds = `${(tookMs / 1000).toFixed(1)} s`
  console.log(`${name.padEnd(9)} ${verdict.padEnd(6)} ${seconds.padStart(8)}   ${summary(counts)}`)
  for (const note of notes) console.log(`          ${note}`)
  if (counts.failed > 0) console.log(`\n${output.trim()}\n`)
}

import { writeFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'

/**
 * @typedef {object} Target
 * @property {string} name what was promised
 * @property {boolean | undefined} met `undefined`: this run did not measure it
 * @property {string} figure what was measured
 */

/**
 * What the figures depend on.
 * @param {import('playwright').Browser} [browser]
 */
export function environment(browser) {
  return {
    date: new Date().toISOString(),
    chromium: browser?.version(),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model,
    cpuCount: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    loadAverageAtStart: loadavg()[0],
  }
}

/** @param {ReturnType<typeof environment>} env */
export function printEnvironment({ chromium, node, cpu, cpuCount, memoryGb, loadAverageAtStart }) {
  const browser = chromium === undefined ? '' : `Chromium ${chromium}, `
  console.log(`${browser}Node ${node}, ${cpuCount} × ${cpu}, ${memoryGb} GB`)
  if ((loadAverageAtStart ?? 0) > cpuCount / 2)
    console.log(`This machine is busy (load ${loadAverageAtStart?.toFixed(1)}): compare within this run only.`)
}

/** Information, not a verdict: a missed target does not fail the command. @param {readonly Target[]} targets */
export function printTargets(targets) {
  const measured = targets.filter(({ met }) => met !== undefined)
  if (measured.length === 0) return
  console.log('\nTargets')
  for (const { name, met, figure } of measured) console.log(`  ${met ? '✓ met   ' : '✗ missed'}  ${name}: ${figure}`)
}

/**
 * @param {string | undefined} file
 * @param {{ bench: string, environment: object, targets: readonly Target[], results: unknown }} report
 */
export function writeJson(file, report) {
  if (file === undefined) return
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`)
  console.log(`\nWritten to ${file}`)
}

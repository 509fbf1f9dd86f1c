/**
 * `node scripts/test.mjs` runs every stage, quietly where it passes, whatever failed before it.
 * `node scripts/test.mjs <stage> [pattern or options]` runs one, and shows its output as it comes.
 */
import './setup/check-node.mjs'
import { ClearFailure, runMain } from './lib/clear-failure.mjs'
import { ensurePackages } from './setup/ensure-packages.mjs'
import { add, noCounts, summary } from './test/counts.mjs'
import { printStage } from './test/print-stage.mjs'
import { isThere, stages } from './test/stages.mjs'

const [name, ...args] = process.argv.slice(2)

await runMain(() => (name === undefined ? runAll() : runOne(name, args)))

async function runAll() {
  await ensurePackages()
  let total = noCounts
  /** @type {string[]} */
  const tables = []
  for (const stage of stages) {
    if (!isThere(stage)) {
      console.log(`${stage.name.padEnd(9)} left out: there is no ${stage.folder}`)
      continue
    }
    const started = performance.now()
    const result = await prepareAndRun(stage)
    printStage(stage.name, performance.now() - started, result)
    total = add(total, result.counts)
    if (result.table !== undefined) tables.push(result.table)
  }
  return end(total, tables)
}

/**
 * @param {import('./test/stages.mjs').Stage} stage
 * @returns {Promise<import('./test/stages.mjs').StageResult>}
 */
async function prepareAndRun(stage) {
  try {
    await stage.prepare?.()
  } catch (error) {
    return {
      counts: { passed: 0, failed: 1, skipped: 0 },
      output: error instanceof Error ? error.message : String(error),
    }
  }
  return stage.run({ args: [], live: false })
}

/**
 * @param {string} wanted
 * @param {readonly string[]} stageArgs
 */
async function runOne(wanted, stageArgs) {
  const stage = stages.find(known => known.name === wanted)
  if (stage === undefined) {
    throw new ClearFailure(`There is no stage '${wanted}'. Stages: ${stages.map(known => known.name).join(', ')}.`)
  }
  if (!isThere(stage)) throw new ClearFailure(`The stage '${wanted}' has no tests: there is no ${stage.folder}.`)
  await ensurePackages()
  await stage.prepare?.()
  const { counts, table } = await stage.run({ args: stageArgs, live: true })
  return end(counts, table === undefined ? [] : [table])
}

/**
 * @param {import('./test/counts.mjs').Counts} total
 * @param {readonly string[]} tables
 */
function end(total, tables) {
  for (const table of tables) console.log(`\n${table}`)
  console.log(`\n${summary(total)}`)
  return total.failed === 0 ? 0 : 1
}

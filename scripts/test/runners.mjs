import { readdirSync } from 'node:fs'
import { inRoot } from '../lib/paths.mjs'
import { runNode } from '../lib/run.mjs'
import { judge } from './counts.mjs'
import { freshReport, playwrightCounts, vitestCounts } from './reports.mjs'

/** @typedef {import('./stages.mjs').StageOptions} StageOptions */
/** @typedef {import('./stages.mjs').StageResult} StageResult */

/** A stage that takes longer hangs. */
const limitMs = 900_000

/**
 * @param {string} project
 * @param {string} folder
 * @param {StageOptions} options
 * @param {'default' | 'verbose'} [reporter] `verbose` shows each test as it ends, for projects of one long file
 * @returns {Promise<StageResult>}
 */
export async function runVitest(project, folder, { args, live }, reporter = 'default') {
  const report = freshReport(project)
  const { code, output } = await runNode(
    inRoot('node_modules/vitest/vitest.mjs'),
    [
      'run',
      `--project=${project}`,
      `--reporter=${reporter}`,
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...(live ? [] : ['--allowOnly=false']),
      ...byFileOrTitle(args, folder, '--testNamePattern'),
    ],
    live ? { live } : { limitMs },
  )
  return verdict(judge(vitestCounts(report), code), output, live)
}

/**
 * @param {string} name of a project in playwright.config.ts
 * @param {string} folder
 * @param {StageOptions} options
 * @returns {Promise<StageResult>}
 */
export async function runPlaywright(name, folder, { args, live }) {
  const report = freshReport(name)
  const { code, output } = await runNode(
    inRoot('node_modules/@playwright/test/cli.js'),
    [
      'test',
      `--project=${name}`,
      '--reporter=list,json',
      ...(live ? [] : ['--forbid-only']),
      ...byFileOrTitle(args, folder, '--grep'),
    ],
    { env: { PLAYWRIGHT_JSON_OUTPUT_FILE: report }, ...(live ? { live } : { limitMs }) },
  )
  return verdict(judge(playwrightCounts(report), code), output, live)
}

/**
 * A pattern that is part of no test file's path is taken for a part of the tests' titles.
 * @param {readonly string[]} args
 * @param {string} folder
 * @param {string} titleOption
 */
function byFileOrTitle(args, folder, titleOption) {
  const [pattern, ...rest] = args
  if (pattern === undefined || pattern.startsWith('-')) return args
  const files = readdirSync(inRoot(folder), { recursive: true, encoding: 'utf8' })
  const isPath = files.some(file => `${folder}/${file}`.replaceAll('\\', '/').includes(pattern))
  return isPath ? args : [`${titleOption}=${pattern}`, ...rest]
}

/**
 * @param {ReturnType<typeof judge>} judged
 * @param {string} output
 * @param {boolean} live
 * @returns {StageResult}
 */
function verdict({ counts, remark }, output, live) {
  if (remark === undefined) return { counts, output }
  if (live) console.log(`\n${remark}`)
  return { counts, output: `${output.trimEnd()}\n\n${remark}` }
}

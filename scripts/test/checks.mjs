import { existsSync, readdirSync } from 'node:fs'
import { inRoot } from '../lib/paths.mjs'
import { runNode } from '../lib/run.mjs'

/** @typedef {import('./stages.mjs').StageOptions} StageOptions */
/** @typedef {import('./stages.mjs').StageResult} StageResult */

/** Beside src and the tooling, every TypeScript project in these must compile. */
const typedFolders = ['tests', 'demo', 'bench']

/**
 * Rules and format, both always, as one check.
 * @param {StageOptions} options
 * @returns {Promise<StageResult>}
 */
export const runLint = ({ args, live }) =>
  oneCheck(
    [
      ['node_modules/oxlint/bin/oxlint', ...args],
      ['node_modules/oxfmt/bin/oxfmt', '--check', ...args],
    ],
    live,
  )

/**
 * Every TypeScript project, the wrong usages in tests/types among them, as one check.
 * @param {StageOptions} options
 * @returns {Promise<StageResult>}
 */
export const runTypes = ({ args, live }) =>
  oneCheck(
    [['node_modules/typescript/bin/tsc', '-b', 'src', 'tsconfig.json', ...typedFolders.flatMap(projects), ...args]],
    live,
  )

/** @param {string} folder */
const projects = folder =>
  existsSync(inRoot(folder))
    ? readdirSync(inRoot(folder), { recursive: true, encoding: 'utf8' })
        .map(file => `${folder}/${file}`)
        .filter(file => /(^|[/\\\\])tsconfig(\.\w+)?\.json$/.test(file))
    : []

/**
 * @param {readonly (readonly [string, ...string[]])[]} commands
 * @param {boolean} live
 * @returns {Promise<StageResult>}
 */
async function oneCheck(commands, live) {
  const results = []
  for (const [script, ...args] of commands) results.push(await runNode(inRoot(script), args, { live }))
  const isGood = results.every(({ code }) => code === 0)
  return {
    counts: { passed: isGood ? 1 : 0, failed: isGood ? 0 : 1, skipped: 0 },
    output: results.map(({ output }) => output.trim()).join('\n\n'),
  }
}

import { spawn } from 'node:child_process'
import { root } from './paths.mjs'

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {NodeJS.ProcessEnv} [env] added to this process's own
 * @property {boolean} [live] shows the output as it comes instead of gathering it
 * @property {boolean} [shell]
 * @property {number} [limitMs] ends the child after this long; it then counts as failed
 *
 * @typedef {object} RunResult
 * @property {number} code 0 only when the child ended well
 * @property {string} output what it wrote to stdout and stderr, in order; empty when `live`
 */

const graceMs = 10_000

const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])

/**
 * Runs a child process to its end. Never rejects: a child that cannot be started has code 127.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult>}
 */
export function run(command, args, { cwd = root, env = {}, live = false, shell = false, limitMs } = {}) {
  return new Promise(resolve => {
    let output = ''
    const isGroup = !live && process.platform !== 'win32'
    const child = spawn(command, args, {
      cwd,
      shell,
      detached: isGroup,
      env: { ...process.env, ...colour(live), ...env },
      stdio: live ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    })
    child.stdout?.setEncoding('utf8').on('data', text => (output += text))
    child.stderr?.setEncoding('utf8').on('data', text => (output += text))

    /** A gathered child leads a group of its own, so that its own children end with it. */
    const send = /** @param {NodeJS.Signals} signal */ signal =>
      isGroup && child.pid !== undefined ? endGroup(child.pid, signal) : child.kill(signal)
    const stopEnding = endTogether(child, signal => {
      // A terminal's Ctrl-C reaches a live child by itself, and twice would mean "at once" to many programs.
      if (isGroup || signal !== 'SIGINT' || !process.stdin.isTTY) send(signal)
    })
    const stopLimit = limit(limitMs, send, () => {
      output += `\nended: it took more than ${(limitMs ?? 0) / 1000} s\n`
    })
    /** @param {number} code */
    const settle = code => {
      stopEnding()
      stopLimit()
      resolve({ code, output })
    }
    child.on('error', error => {
      output += `${error.message}\n`
      settle(127)
    })
    child.on('close', code => settle(code ?? 1))
  })
}

/**
 * Runs a package's program with this Node, so that the child's id is the program's own.
 * @param {string} script path of a JavaScript file
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export const runNode = (script, args, options) => run(process.execPath, [script, ...args], options)

/**
 * Gathered output is shown where this process writes, so it is coloured when that is a terminal.
 * @param {boolean} live
 */
function colour(live) {
  if (live || process.env['NO_COLOR'] || process.env['FORCE_COLOR']) return {}
  return process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }
}

/**
 * Whoever ends this process ends the child first; then this process ends too.
 * @param {import('node:child_process').ChildProcess} child
 * @param {(signal: NodeJS.Signals) => void} pass
 */
function endTogether(child, pass) {
  const end = /** @param {NodeJS.Signals} signal */ signal => {
    child.once('close', () => process.exit(130))
    pass(signal)
  }
  for (const signal of signals) process.once(signal, end)
  return () => {
    for (const signal of signals) process.off(signal, end)
  }
}

/**
 * @param {number} leader
 * @param {NodeJS.Signals} signal
 */
function endGroup(leader, signal) {
  try {
    process.kill(-leader, signal)
  } catch {
    // All of it has ended already.
  }
}

/**
 * @param {number | undefined} limitMs
 * @param {(signal: NodeJS.Signals) => void} send
 * @param {() => void} onLimit
 */
function limit(limitMs, send, onLimit) {
  if (limitMs === undefined) return () => {}
  /** @type {NodeJS.Timeout | undefined} */
  let graceTimer
  const timer = setTimeout(() => {
    onLimit()
    send('SIGTERM')
    graceTimer = setTimeout(send, graceMs, 'SIGKILL')
  }, limitMs)
  return () => {
    clearTimeout(timer)
    clearTimeout(graceTimer)
  }
}

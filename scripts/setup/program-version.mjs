import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/**
 * Runs a program for its version. It must run: Ubuntu's /usr/bin/chromium-browser only says that a snap is missing, and a snap
 * itself cannot read the profile that a test makes.
 * @param {string} path
 * @returns {number | undefined} the major version; undefined when it does not run here
 */
export function majorVersion(path) {
  if (!existsSync(path)) return undefined
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 20_000 })
  const major = /(\d+)\.\d+/.exec(stdout ?? '')?.[1]
  return status === 0 && major !== undefined && !/\bsnap\b/.test(stdout) ? Number(major) : undefined
}

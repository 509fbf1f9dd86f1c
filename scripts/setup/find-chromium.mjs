import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { usualChromiumPaths } from './chromium-paths.mjs'

/** Older ones lack what the tests use. */
export const oldestMajor = 120

/** The variables that name a Chromium, the stronger first. */
const variables = ['PARTYLINE_CHROMIUM', 'CHROMIUM_PATH']

/**
 * The Chromium that the environment names (unproved), else an installed one, else Playwright's own.
 * @returns {string | undefined} its path
 */
export const findChromium = () => namedChromium()?.path ?? usualChromiumPaths.find(isUsable) ?? playwrightChromium()

/** The Chromium that the environment names, and the variable that does. */
export function namedChromium() {
  return variables.map(variable => ({ variable, path: process.env[variable] ?? '' })).find(({ path }) => path !== '')
}

/** The one that Playwright downloaded, undefined when it has not (or is not installed itself). */
export function playwrightChromium() {
  try {
    /** @type {typeof import('playwright')} */
    const { chromium } = createRequire(import.meta.url)('playwright')
    const path = chromium.executablePath()
    return isUsable(path) ? path : undefined
  } catch {
    return undefined
  }
}

/**
 * Runs it for its version: Ubuntu's /usr/bin/chromium-browser only says that a snap is missing, and a snap itself
 * cannot read the profile that a test makes.
 * @param {string} path
 */
export function isUsable(path) {
  if (!existsSync(path)) return false
  // On Windows `--version` opens a window instead.
  if (process.platform === 'win32') return true
  const { status, stdout } = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 20_000 })
  const major = /(\d+)\.\d+\.\d+/.exec(stdout ?? '')?.[1]
  return status === 0 && Number(major) >= oldestMajor && !/\bsnap\b/.test(stdout)
}

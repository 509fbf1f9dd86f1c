import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { usualChromiumPaths } from './chromium-paths.mjs'
import { majorVersion } from './program-version.mjs'

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

/** @param {string} path */
export function isUsable(path) {
  // On Windows `--version` opens a window instead.
  if (process.platform === 'win32') return existsSync(path)
  return (majorVersion(path) ?? 0) >= oldestMajor
}

import { existsSync } from 'node:fs'
import { majorVersion } from './program-version.mjs'

/** Older ones do not speak WebDriver BiDi well enough. */
const oldestFirefox = 128

const firefoxPaths =
  process.platform === 'darwin'
    ? ['/Applications/Firefox.app/Contents/MacOS/firefox']
    : ['/usr/bin/firefox-esr', '/usr/bin/firefox']

/**
 * The Firefox that PARTYLINE_FIREFOX names (unproved), else an installed one.
 * @returns {string | undefined} its path
 */
export const findFirefox = () =>
  process.env['PARTYLINE_FIREFOX'] || firefoxPaths.find(path => (majorVersion(path) ?? 0) >= oldestFirefox)

/** The driver of WebKitGTK, which knows where the browser MiniBrowser is; undefined when it is not installed. */
export const findWebKitDriver = () => existing('/usr/bin/WebKitWebDriver')

/** The screen that nobody sees, which WebKitGTK needs. */
export const findXvfb = () => existing('/usr/bin/Xvfb')

/** @param {string} path */
const existing = path => (existsSync(path) ? path : undefined)

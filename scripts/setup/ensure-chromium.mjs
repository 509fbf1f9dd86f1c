import { ClearFailure } from '../lib/clear-failure.mjs'
import { inRoot } from '../lib/paths.mjs'
import { runNode } from '../lib/run.mjs'
import { installFromDebian, isRootOn } from './debian.mjs'
import { findChromium, isUsable, namedChromium, oldestMajor, playwrightChromium } from './find-chromium.mjs'

/** @type {Promise<string> | undefined} */
let chromium

/**
 * Finds a Chromium or installs one: Debian's package for root on Debian, else Playwright's download. Tries it once.
 * Call it after `ensurePackages`. Afterwards PARTYLINE_CHROMIUM names it for every child process.
 * @returns {Promise<string>} its path
 * @throws ClearFailure when there is none and none can be installed
 */
export const ensureChromium = () => (chromium ??= findOrInstall())

async function findOrInstall() {
  const named = namedChromium()
  if (named && !isUsable(named.path)) {
    throw new ClearFailure(
      `${named.variable} is ${named.path}, which is no Chromium ${oldestMajor} or newer that runs here.`,
    )
  }
  const path = findChromium() ?? (await installDebianChromium()) ?? (await downloadWithPlaywright())
  process.env['PARTYLINE_CHROMIUM'] = path
  return path
}

async function installDebianChromium() {
  await installFromDebian(['chromium'])
  return findChromium()
}

async function downloadWithPlaywright() {
  console.log("Downloading Playwright's Chromium")
  // The system's libraries that it needs can only be added by root, and only there does Playwright know their names.
  const libraries = isRootOn('debian') || isRootOn('ubuntu') ? ['--with-deps'] : []
  const args = ['install', '--no-shell', ...libraries, 'chromium']
  const { output } = await runNode(inRoot('node_modules/playwright/cli.js'), args)
  const path = playwrightChromium()
  if (path !== undefined) return path
  throw new ClearFailure(
    `${output.trim()}\n\nNo Chromium was found and none could be installed: install Chromium or Google Chrome, ` +
      'or set PARTYLINE_CHROMIUM to the path of one.',
  )
}

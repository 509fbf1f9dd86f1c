import { readFileSync } from 'node:fs'
import { ClearFailure } from '../lib/clear-failure.mjs'
import { inRoot } from '../lib/paths.mjs'
import { run, runNode } from '../lib/run.mjs'
import { findChromium, isUsable, namedChromium, oldestMajor, playwrightChromium } from './find-chromium.mjs'

/**
 * Finds a Chromium or installs one: Debian's package for root on Debian, else Playwright's download.
 * Call it after `ensurePackages`. Afterwards PARTYLINE_CHROMIUM names it for every child process.
 * @returns {Promise<string>} its path
 * @throws ClearFailure when there is none and none can be installed
 */
export async function ensureChromium() {
  const named = namedChromium()
  if (named && !isUsable(named.path)) {
    throw new ClearFailure(
      `${named.variable} is ${named.path}, which is no Chromium ${oldestMajor} or newer that runs here.`,
    )
  }
  const path = findChromium() ?? (await installFromDebian()) ?? (await downloadWithPlaywright())
  process.env['PARTYLINE_CHROMIUM'] = path
  return path
}

async function installFromDebian() {
  if (!isRootOn('debian')) return undefined
  console.log("Installing Debian's package chromium")
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await run('apt-get', ['update', '-qq'], { env })
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], { env })
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

/** @param {string} system an ID of /etc/os-release */
function isRootOn(system) {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    return new RegExp(`^ID="?${system}"?$`, 'm').test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

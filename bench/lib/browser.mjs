import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright'
import { chromiumArgs } from '../../scripts/setup/chromium-args.mjs'
import { findChromium } from '../../scripts/setup/find-chromium.mjs'

/**
 * A real Chromium, headless. Playwright's flags leave background throttling off, so all tabs count as being in front.
 */
export function startBrowser() {
  return chromium.launch(launchOptions())
}

/**
 * The same with a profile on disk, as users have it: a private window keeps its databases in memory, where what was
 * written to one costs whatever is written to the next.
 */
export async function startBrowserWithProfile() {
  const folder = mkdtempSync(join(tmpdir(), 'partyline-bench-'))
  const context = await chromium.launchPersistentContext(folder, launchOptions())
  const browser = context.browser()
  if (browser === null) throw new Error('Playwright gives no browser for a profile')
  return {
    browser,
    context,
    async close() {
      await context.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function launchOptions() {
  const executablePath = findChromium()
  return { ...(executablePath === undefined ? {} : { executablePath }), args: chromiumArgs }
}

/**
 * How many tabs have a renderer of their own, as on users' machines, and the CPU time of all processes so far: a figure
 * that suffers less from a busy machine than any duration does.
 * @param {import('playwright').Browser} browser
 */
export async function watchProcesses(browser) {
  const cdp = await browser.newBrowserCDPSession()
  const read = async () => (await cdp.send('SystemInfo.getProcessInfo')).processInfo
  return {
    renderers: async () => (await read()).filter(({ type }) => type === 'renderer').length,
    cpuMs: async () => (await read()).reduce((sum, { cpuTime }) => sum + cpuTime * 1000, 0),
  }
}

import { chromium } from 'playwright'
import { chromiumArgs } from '../../scripts/setup/chromium-args.mjs'
import { findChromium } from '../../scripts/setup/find-chromium.mjs'

/**
 * A real Chromium, headless. Playwright's flags leave background throttling off, so all tabs count as being in front.
 */
export function startBrowser() {
  const executablePath = findChromium()
  return chromium.launch({ ...(executablePath === undefined ? {} : { executablePath }), args: chromiumArgs })
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

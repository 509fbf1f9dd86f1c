import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import puppeteer, { type Page } from 'puppeteer-core'
import { findFirefox } from '../../../scripts/setup/find-engines.mjs'
import type { Engine, EngineKind, Tab } from './engine.ts'
import { evaluateBy, goBack, reachVisibility } from './in-page.ts'
import {
  canFindProcesses,
  endProcess,
  endProgram,
  processOf,
  reported,
  startProgram,
  temporaryFolder,
} from './processes.ts'

/** Beside those that Firefox's remote agent sets by itself. */
const preferences = {
  // A process for each tab, as other engines have it; by default four share the tabs of a site.
  'dom.ipc.processCount.webIsolated': 64,
  'browser.sessionstore.resume_from_crash': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
}

export const firefox: EngineKind = {
  name: 'firefox',
  can: { hide: true, crash: canFindProcesses, process: canFindProcesses },
  isReusable: true,
  start,
}

async function start(): Promise<Engine> {
  const profile = await temporaryFolder()
  await writeFile(
    join(profile.path, 'user.js'),
    Object.entries(preferences).map(([name, value]) => `user_pref('${name}', ${value});\n`),
  )
  const child = startProgram(
    findFirefox() ?? 'firefox',
    ['--headless', '--no-remote', '--remote-debugging-port=0', '--profile', profile.path, 'about:blank'],
    { HOME: profile.path, MOZ_CRASHREPORTER_DISABLE: '1' },
  )
  const endpoint = await reported(child.stderr, /^WebDriver BiDi listening on (ws:.*)$/)
  const browser = await puppeteer.connect({
    browserWSEndpoint: `${endpoint}/session`,
    protocol: 'webDriverBiDi',
    defaultViewport: null,
  })
  // Whose place in front hides all others.
  const backdrop = await browser.newPage()
  return {
    version: (await browser.version()).replace(/^.*\//, ''),
    async open(url) {
      const page = await browser.newPage()
      await page.goto(url)
      return tabOf(page, backdrop, tab => processOf(tab, child))
    },
    async close() {
      await endProgram(child)
      await profile.remove()
    },
  }
}

function tabOf(page: Page, backdrop: Page, findProcess: (tab: Pick<Tab, 'evaluate'>) => Promise<number>): Tab {
  const evaluate = evaluateBy(expression => page.evaluate(expression))
  const processId = () => findProcess({ evaluate })
  return {
    evaluate,
    async goto(url) {
      await page.goto(url)
    },
    async reload() {
      await page.reload()
    },
    back: () => goBack({ evaluate }),
    close: () => page.close(),
    async show() {
      await page.bringToFront()
      await reachVisibility({ evaluate }, 'visible')
    },
    async hide() {
      await backdrop.bringToFront()
      await reachVisibility({ evaluate }, 'hidden')
    },
    // `about:crashcontent` is closed to drivers.
    async crash() {
      endProcess(await processId())
      await page.close()
    },
    processId,
  }
}

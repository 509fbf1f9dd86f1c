import type { Browser, BrowserContext, Page } from '@playwright/test'
import { rendererOf } from '../e2e/cdp.ts'
import { startRealBrowser } from '../e2e/real-browser.ts'
import type { Engine, EngineKind, Tab } from './engine.ts'
import { evaluateBy, goBack, reachVisibility } from './in-page.ts'
import { canFindProcesses } from './processes.ts'

export const chromium: EngineKind = {
  name: 'chromium',
  can: { hide: true, crash: true, process: canFindProcesses },
  isReusable: true,
  start,
}

async function start(): Promise<Engine> {
  const { browser, close } = await startRealBrowser()
  const [context] = browser.contexts()
  if (context === undefined) throw new Error('the browser has no default context')
  // Whose place in front hides all others.
  const backdrop = await context.newPage()
  return {
    version: browser.version(),
    async open(url) {
      const page = await context.newPage()
      await page.goto(url)
      return tabOf(page, { browser, context, backdrop })
    },
    close,
  }
}

interface Surroundings {
  readonly browser: Browser
  readonly context: BrowserContext
  readonly backdrop: Page
}

function tabOf(page: Page, { browser, context, backdrop }: Surroundings): Tab {
  const evaluate = evaluateBy(expression => page.evaluate(expression))
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
    async crash() {
      const crashed = page.waitForEvent('crash')
      const session = await context.newCDPSession(page)
      // Never answered: the page that would answer is gone.
      session.send('Page.crash').catch(() => undefined)
      await crashed
      await page.close()
    },
    processId: () => rendererOf(browser, page),
  }
}

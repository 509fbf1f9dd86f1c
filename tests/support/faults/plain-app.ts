import type { BrowserContext, Page } from '@playwright/test'
import { fileURLToPath } from 'node:url'
import { serveFolder, type FolderServer } from '../e2e/serve-folder.ts'

declare global {
  interface Window {
    ask(): Promise<string>
    turns(): number
  }
}

/** Serves an app without Partyline, which shows what a fault does to the platform: tabs that talk to a SharedWorker. */
export function servePlainApp(): Promise<FolderServer> {
  return serveFolder(fileURLToPath(new URL('page', import.meta.url)))
}

/** A new tab; those of one worker's `name` share it. */
export async function openPlainTab(context: BrowserContext, url: string, name = 'echo'): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${url}/?name=${name}`)
  return page
}

/** Resolves with an id of the worker's present life once it answers; does not settle when it never does. */
export function lifeOf(page: Page): Promise<string> {
  return page.evaluate(() => window.ask())
}

/** How often the page's own timer of 10 ms has fired. */
export function turnsOf(page: Page): Promise<number> {
  return page.evaluate(() => window.turns())
}

import { chromium, type Browser } from '@playwright/test'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { chromiumArgs } from '../../../scripts/setup/chromium-args.mjs'
import { findChromium } from '../../../scripts/setup/find-chromium.mjs'

export interface RealBrowser {
  /** Its default context is the one whose pages live as a user's do. */
  readonly browser: Browser
  close(): Promise<void>
}

/**
 * A Chromium without what Playwright adds to one that it launches itself: flags that switch off throttling and the
 * back/forward cache, and an emulated focus that keeps every page visible, so that none can be hidden or frozen.
 */
export async function startRealBrowser(): Promise<RealBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'partyline-'))
  const chromiumPath = findChromium()
  if (chromiumPath === undefined) throw new Error('no Chromium was found')
  const child = spawn(
    chromiumPath,
    ['--headless', ...chromiumArgs, '--remote-debugging-port=0', `--user-data-dir=${profile}`, 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const exited = new Promise<void>(resolve => child.once('exit', () => resolve()))
  const browser = await chromium.connectOverCDP(await endpointOf(child.stderr), { noDefaults: true, isLocal: true })
  return {
    browser,
    async close() {
      await browser.close()
      child.kill()
      await exited
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

async function endpointOf(stderr: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface(stderr)) {
    const endpoint = /^DevTools listening on (ws:.*)$/.exec(line)?.[1]
    if (endpoint !== undefined) return endpoint
  }
  throw new Error('Chromium ended before it listened')
}

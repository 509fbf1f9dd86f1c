import { test as base, type Page } from '@playwright/test'
import { servePages } from '../../support/facades/serve-pages.ts'
import { startPusherServer, type PusherServerOptions } from '../../support/servers/pusher/pusher-server.ts'
import { serveRemote } from './server-remote.ts'

export { expect } from '@playwright/test'

export type Side = 'original' | 'face'

interface WorkerFixtures {
  /** Where tests/facades/pusher/page is served. */
  readonly pagesUrl: string
  /** Runs a behaviour with a server of its own, on a page that all share. */
  readonly observe: (side: Side, name: string, options?: PusherServerOptions) => Promise<unknown>
}

// Playwright reads from the first parameter what a fixture needs.
/* oxlint-disable no-empty-pattern */
export const test = base.extend<object, WorkerFixtures>({
  pagesUrl: [
    async ({}, use) => {
      const { url, close } = await servePages('tests/facades/pusher/page')
      await use(url)
      await close()
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  observe: [
    async ({ browser, pagesUrl }, use) => {
      const context = await browser.newContext()
      const pages = new Map<Side, Page>()
      let ask: (what: string, args: readonly unknown[]) => unknown

      async function pageOf(side: Side): Promise<Page> {
        const known = pages.get(side)
        if (known !== undefined) return known
        const page = await context.newPage()
        page.on('console', message => {
          if (message.type() === 'error') process.stderr.write(`${side}: ${message.text()}\n`)
        })
        page.on('pageerror', error => process.stderr.write(`${side}: ${error.message}\n`))
        await page.exposeFunction('askServer', (what: string, args: readonly unknown[]) => ask(what, args))
        await page.goto(`${pagesUrl}/${side}.html`)
        pages.set(side, page)
        return page
      }

      await use(async (side, name, options) => {
        const server = await startPusherServer(options)
        const { remote, end } = serveRemote(server)
        ask = (what, args) => (remote as unknown as Record<string, (...given: unknown[]) => unknown>)[what]?.(...args)
        try {
          const page = await pageOf(side)
          return await page.evaluate(([behaviour, port]) => window.observePusher(behaviour, port), [
            name,
            server.port,
          ] as const)
        } finally {
          end()
          await server.close()
        }
      })
      await context.close()
    },
    { scope: 'worker' },
  ],
})

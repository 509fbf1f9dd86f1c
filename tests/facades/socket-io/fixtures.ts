import { test as base, type BrowserContext, type Page } from '@playwright/test'
import { startFaceServer, type FaceServer, type FaceServerOptions } from '../../support/servers/face-server.ts'
import { buildPages } from './build-pages.ts'

export { expect } from '@playwright/test'

export type Side = 'original' | 'face'

interface TestFixtures {
  /** A server of this test's own, with the pages on its origin. */
  readonly serve: (options?: FaceServerOptions) => Promise<FaceServer>
}

interface WorkerFixtures {
  readonly folder: string
  /** A page with one of the two libraries, and a server that both of its kind have had; kept from test to test. */
  readonly pageOf: (side: Side, kind: 'plain' | 'recovery' | 'fresh') => Promise<Page>
}

// Playwright reads from the first parameter what a fixture needs.
/* oxlint-disable no-empty-pattern */
export const test = base.extend<TestFixtures, WorkerFixtures>({
  folder: [async ({}, use) => use(await buildPages()), { scope: 'worker' }],
  pageOf: [
    async ({ browser, folder }, use) => {
      const servers: FaceServer[] = []
      const contexts: BrowserContext[] = []
      const pages = new Map<string, Promise<Page>>()
      const openPage = async (side: Side, kind: string): Promise<Page> => {
        const server = await startFaceServer(folder, { recovery: kind === 'recovery', pingIntervalMs: 300 })
        servers.push(server)
        const context = await browser.newContext()
        contexts.push(context)
        await context.exposeFunction('server', server.command)
        const page = await context.newPage()
        await page.goto(`${server.url}/pages/${side}.html`)
        return page
      }
      await use((side, kind) => {
        if (kind === 'fresh') return openPage(side, kind)
        const page = pages.get(side + kind) ?? openPage(side, kind)
        pages.set(side + kind, page)
        return page
      })
      for (const context of contexts) await context.close()
      for (const server of servers) await server.close()
    },
    { scope: 'worker' },
  ],
  serve: async ({ folder }, use) => {
    const servers: FaceServer[] = []
    await use(async options => {
      const server = await startFaceServer(folder, options)
      servers.push(server)
      return server
    })
    for (const server of servers) await server.close()
  },
})

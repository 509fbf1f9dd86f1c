import { test as base, type Browser, type BrowserContext } from '@playwright/test'
import { startAppServer, type AppServer } from '../servers/app-server.ts'
import { startSocketIoServer, type SocketIoServer, type SocketIoServerOptions } from '../servers/socket-io-server.ts'
import { startRealBrowser } from './real-browser.ts'

export { expect } from '@playwright/test'

interface TestFixtures {
  /** Starts a server; those that still run when the test ends are stopped then. */
  readonly serve: (options?: SocketIoServerOptions) => Promise<SocketIoServer>
  /** The app's own server, on an origin of its own. */
  readonly app: AppServer
  /** A browser whose pages can be hidden, frozen and cached as a user's are. */
  readonly real: { readonly browser: Browser; readonly context: BrowserContext }
}

interface WorkerFixtures {
  /** Where the page of tests/support/app is served, without a slash at the end. */
  readonly appUrl: string
}

// Playwright reads from the first parameter what a fixture needs.
/* oxlint-disable no-empty-pattern */
export const test = base.extend<TestFixtures, WorkerFixtures>({
  appUrl: [
    async ({}, use) => {
      const url = process.env['PARTYLINE_APP_URL']
      if (url === undefined)
        throw new Error('PARTYLINE_APP_URL is not set: run end-to-end tests with playwright.config.ts')
      await use(url)
    },
    { scope: 'worker' },
  ],
  serve: async ({}, use) => {
    const servers: SocketIoServer[] = []
    await use(async options => {
      const server = await startSocketIoServer(options)
      servers.push(server)
      return server
    })
    for (const server of servers) await server.close()
  },
  app: async ({}, use) => {
    const folder = process.env['PARTYLINE_APP_FOLDER']
    if (folder === undefined) throw new Error('PARTYLINE_APP_FOLDER is not set')
    const app = await startAppServer(folder)
    await use(app)
    await app.close()
  },
  real: async ({}, use) => {
    const { browser, close } = await startRealBrowser()
    const [context] = browser.contexts()
    if (context === undefined) throw new Error('the browser has no default context')
    await use({ browser, context })
    await close()
  },
})

/** The demo's page, by Vite. */
import { fileURLToPath } from 'node:url'
import { createServer } from 'vite'

/** @import { RequestListener, Server } from 'node:http' */

const configFile = fileURLToPath(new URL('../vite.config.ts', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))

/**
 * Vite's client opens a WebSocket per tab for hot replacement. This page is about how many connections
 * a browser has, and the network panel should show the one: so the client stays out, and an edit needs a reload.
 * @type {import('vite').Plugin}
 */
const withoutClient = {
  name: 'without-vite-client',
  transformIndexHtml: {
    order: 'post',
    handler: html => html.replace(/<script type="module" src="[^"]*@vite\/client"><\/script>/, ''),
  },
}

/**
 * @param {Server} http
 * @returns {Promise<{ respond: RequestListener, close: () => Promise<void> }>}
 */
export async function createPage(http) {
  const vite = await createServer({
    root,
    configFile,
    plugins: [withoutClient],
    logLevel: 'warn',
    clearScreen: false,
    server: { middlewareMode: { server: http }, hmr: false, ws: false },
  })
  return { respond: vite.middlewares, close: () => vite.close() }
}

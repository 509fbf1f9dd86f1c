import { build } from 'vite'
import { inRoot } from '../../../scripts/lib/paths.mjs'
import { serveFolder } from './serve-folder.ts'

/** Builds the page of tests/support/app once and serves it as long as the run lasts. */
export default async function globalSetup(): Promise<() => Promise<void>> {
  await build({ configFile: inRoot('vite.config.ts'), logLevel: 'warn' })
  const server = await serveFolder(inRoot('.cache/e2e-app'))
  process.env['PARTYLINE_APP_URL'] = server.url
  return server.close
}

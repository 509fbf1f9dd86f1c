import { buildApp } from './build-app.ts'
import { serveFolder } from './serve-folder.ts'

/** Builds the pages of tests/support/app once and serves them as long as the run lasts. */
export default async function globalSetup(): Promise<() => Promise<void>> {
  const folder = await buildApp()
  const server = await serveFolder(folder)
  process.env['PARTYLINE_APP_URL'] = server.url
  process.env['PARTYLINE_APP_FOLDER'] = folder
  return server.close
}

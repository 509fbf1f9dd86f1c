import { readdirSync } from 'node:fs'
import { build } from 'vite'
import { inRoot } from '../../../scripts/lib/paths.mjs'
import { sourceAlias } from '../../../vite.config.ts'
import { serveFolder, type FolderServer } from '../e2e/serve-folder.ts'

/**
 * Builds the HTML pages of a folder, each as a user's app would be, and serves them.
 * @param folder below the repository, such as `tests/facades/pusher/page`
 */
export async function servePages(folder: string): Promise<FolderServer> {
  const root = inRoot(folder)
  const outDir = inRoot('.cache', folder)
  const pages = readdirSync(root).filter(file => file.endsWith('.html'))
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    cacheDir: inRoot('.cache/vite'),
    worker: { format: 'es' },
    resolve: { alias: sourceAlias },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      rolldownOptions: { input: pages.map(page => `${root}/${page}`) },
    },
  })
  return serveFolder(outDir)
}

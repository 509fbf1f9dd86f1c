import { readdirSync } from 'node:fs'
import { build } from 'vite'
import { inRoot } from '../../../scripts/lib/paths.mjs'
import { sourceAlias } from '../../../vite.config.ts'

const root = inRoot('tests/facades/socket-io')

/** Builds the pages of this folder as a user's app would be. Returns the folder. */
export async function buildPages(): Promise<string> {
  const folder = inRoot('.cache/facades/socket-io')
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    cacheDir: inRoot('.cache/vite'),
    resolve: { alias: sourceAlias },
    worker: { format: 'es' },
    build: {
      outDir: folder,
      emptyOutDir: true,
      target: 'es2022',
      sourcemap: true,
      rolldownOptions: {
        input: readdirSync(root, { recursive: true, encoding: 'utf8' })
          .filter(file => file.endsWith('.html'))
          .map(file => `${root}/${file}`),
      },
    },
  })
  await buildWorker(folder)
  return folder
}

/** Where a page that says nothing of it looks for its worker. */
async function buildWorker(folder: string): Promise<void> {
  await build({
    configFile: false,
    logLevel: 'warn',
    cacheDir: inRoot('.cache/vite'),
    resolve: { alias: sourceAlias },
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2022',
      lib: { entry: `${root}/pages/partyline.worker.ts`, formats: ['es'], fileName: () => 'partyline.worker.js' },
    },
  })
}

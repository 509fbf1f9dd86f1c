import { readdirSync } from 'node:fs'
import { build } from 'vite'
import { inRoot } from '../../../scripts/lib/paths.mjs'
import { sourceAlias } from '../../../vite.config.ts'

const root = inRoot('tests/facades/socket-io/pages')

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
        input: readdirSync(root)
          .filter(file => file.endsWith('.html'))
          .map(file => `${root}/${file}`),
      },
    },
  })
  return folder
}

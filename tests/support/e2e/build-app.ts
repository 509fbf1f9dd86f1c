import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'vite'
import { inRoot } from '../../../scripts/lib/paths.mjs'
import { sourceAlias } from '../../../vite.config.ts'

/** Builds the pages of tests/support/app and their service worker. Returns the folder. */
export async function buildApp(): Promise<string> {
  const folder = inRoot('.cache/e2e-app')
  await build({ configFile: inRoot('vite.config.ts'), logLevel: 'warn' })
  const scripts = (await readdir(join(folder, 'assets'))).filter(name => name.endsWith('.js'))
  // One file, as all browsers take it, with a list of those that it precaches, as build tools write it.
  await build({
    configFile: false,
    logLevel: 'warn',
    cacheDir: inRoot('.cache/vite'),
    resolve: { alias: sourceAlias },
    define: {
      'process.env.NODE_ENV': '"production"',
      'self.__WB_MANIFEST': JSON.stringify(scripts.map(name => ({ url: `/assets/${name}`, revision: null }))),
    },
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2022',
      lib: {
        entry: inRoot('tests/support/app/offline/service.worker.ts'),
        name: 'serviceWorker',
        formats: ['iife'],
        fileName: () => 'sw.js',
      },
    },
  })
  return folder
}

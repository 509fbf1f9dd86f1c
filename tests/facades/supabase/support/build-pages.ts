import { build } from 'vite'
import { inRoot } from '../../../../scripts/lib/paths.mjs'
import { sourceAlias } from '../../../../vite.config.ts'

/** Builds the page in which the behaviours run. Returns the folder. */
export async function buildPages(): Promise<string> {
  const outDir = inRoot('.cache/facades-supabase')
  await build({
    configFile: false,
    root: inRoot('tests/facades/supabase/pages'),
    cacheDir: inRoot('.cache/vite'),
    logLevel: 'warn',
    worker: { format: 'es' },
    resolve: { alias: sourceAlias },
    build: { outDir, emptyOutDir: true, target: 'es2022' },
  })
  return outDir
}

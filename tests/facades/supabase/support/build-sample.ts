import { build } from 'vite'
import { inRoot } from '../../../../scripts/lib/paths.mjs'
import { sourceAlias } from '../../../../vite.config.ts'

const root = inRoot('tests/facades/supabase/sample')
const shared = { configFile: false, root, cacheDir: inRoot('.cache/vite'), logLevel: 'warn' } as const

/** The sample app as it is, with the library. Returns the folder. */
export function buildOriginal(): Promise<string> {
  return buildApp('original', [])
}

/** The same, with its one import changed, and a worker file beside it. */
export async function buildWithFace(server: { readonly url: string; readonly anonKey: string }): Promise<string> {
  const outDir = await buildApp('face', [
    { find: '@supabase/realtime-js', replacement: inRoot('src/facades/supabase/index.ts') },
  ])
  await build({
    ...shared,
    resolve: { alias: sourceAlias },
    define: {
      'process.env.NODE_ENV': '"production"',
      SUPABASE_URL: JSON.stringify(server.url),
      SUPABASE_KEY: JSON.stringify(server.anonKey),
    },
    build: {
      outDir,
      emptyOutDir: false,
      target: 'es2022',
      lib: { entry: `${root}/partyline.worker.ts`, formats: ['es'], fileName: () => 'partyline.worker.js' },
    },
  })
  return outDir
}

async function buildApp(name: string, alias: { find: string; replacement: string }[]): Promise<string> {
  const outDir = inRoot(`.cache/facades-supabase-sample-${name}`)
  await build({ ...shared, resolve: { alias }, build: { outDir, emptyOutDir: true, target: 'es2022' } })
  return outDir
}

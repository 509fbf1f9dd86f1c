import { createHash } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { build, defineConfig, type Plugin } from 'vite'
import { sourceAlias } from '../vite.config.ts'

const root = fileURLToPath(new URL('.', import.meta.url))
const repository = fileURLToPath(new URL('..', import.meta.url))

export default defineConfig({
  root,
  cacheDir: `${repository}.cache/vite-demo`,
  plugins: [react(), serviceWorker()],
  worker: { format: 'es' },
  build: { outDir: `${repository}.cache/demo`, emptyOutDir: true, target: 'es2022' },
  resolve: { alias: sourceAlias },
})

/**
 * Adds /service-worker.js: at the root, so that all pages come under it, under a name that stays, in one file that all
 * browsers take, with the list of what it keeps for the page to open without a network.
 */
function serviceWorker(): Plugin {
  return {
    name: 'demo-service-worker',
    generateBundle: {
      order: 'post',
      async handler(_options, bundle) {
        const assets = Object.keys(bundle).filter(name => name.startsWith('assets/'))
        const page = bundle['index.html']
        const revision = createHash('sha256')
          .update(page?.type === 'asset' ? page.source : '')
          .digest('hex')
        const source = await buildServiceWorker([
          ...assets.map(name => ({ url: `/${name}`, revision: null })),
          { url: '/', revision },
        ])
        this.emitFile({ type: 'asset', fileName: 'service-worker.js', source })
      },
    },
  }
}

interface PrecacheEntry {
  readonly url: string
  readonly revision: string | null
}

async function buildServiceWorker(precache: readonly PrecacheEntry[]): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    resolve: { alias: sourceAlias },
    define: { 'process.env.NODE_ENV': '"production"', 'self.__WB_MANIFEST': JSON.stringify(precache) },
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: `${root}service.worker.ts`, name: 'serviceWorker', formats: ['iife'] },
    },
  })
  const [script] = [built].flat().flatMap(result => ('output' in result ? result.output : []))
  if (script?.type !== 'chunk') throw new Error('the service worker was not built')
  return script.code
}

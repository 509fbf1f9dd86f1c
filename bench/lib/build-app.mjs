import { readdirSync } from 'node:fs'
import { build, loadConfigFromFile } from 'vite'
import { inRoot } from '../../scripts/lib/paths.mjs'

const app = inRoot('bench/app')

/**
 * Builds the pages of bench/app as an app's own bundler would, with `partyline` standing for src.
 * @param {{ minify?: boolean }} [options] names stay readable for a profile when it is not minified
 * @returns {Promise<string>} the folder
 */
export async function buildApp({ minify = true } = {}) {
  const outDir = inRoot('.cache/bench', minify ? 'app' : 'app-readable')
  await build({
    configFile: false,
    logLevel: 'warn',
    root: app,
    cacheDir: inRoot('.cache/vite-bench'),
    worker: { format: 'es' },
    resolve: { alias: await sourceAliases() },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      minify,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: readdirSync(app)
          .filter(file => file.endsWith('.html'))
          .map(file => `${app}/${file}`),
      },
    },
  })
  return outDir
}

/** The repository's own: `partyline/…` → src. */
export async function sourceAliases() {
  const loaded = await loadConfigFromFile({ command: 'build', mode: 'production' }, inRoot('vite.config.ts'))
  return loaded?.config.resolve?.alias ?? []
}

import { readdirSync } from 'node:fs'
import { build, type Plugin } from 'vite'
import { inRoot } from '../../../scripts/lib/paths.mjs'
import { sourceAlias } from '../../../vite.config.ts'
import { serveFolder, type FolderServer } from '../e2e/serve-folder.ts'

export interface PagesOptions {
  /** What stands for a module that the pages import. */
  readonly swap?: { readonly module: string; readonly by: string }
  /** A worker's script to be had as `/partyline.worker.js`. */
  readonly worker?: string
}

/**
 * Builds the HTML pages of a folder, each as a user's app would be, and serves them.
 * @param folder below the repository, such as `tests/facades/pusher/page`
 */
export async function servePages(folder: string, { swap, worker }: PagesOptions = {}): Promise<FolderServer> {
  const root = inRoot(folder)
  const outDir = inRoot('.cache', folder, swap === undefined ? 'as-is' : 'swapped')
  const pages = readdirSync(root).filter(file => file.endsWith('.html'))
  const inputs = Object.fromEntries(pages.map(page => [page.replace('.html', ''), `${root}/${page}`]))
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    cacheDir: inRoot('.cache/vite'),
    worker: { format: 'es' },
    resolve: { alias: sourceAlias },
    plugins: swap === undefined ? [] : [swapping(swap)],
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2022',
      rolldownOptions: {
        input: worker === undefined ? inputs : { ...inputs, 'partyline.worker': `${root}/${worker}` },
        output: {
          entryFileNames: ({ name }) => (name === 'partyline.worker' ? '[name].js' : 'assets/[name]-[hash].js'),
        },
      },
    },
  })
  return serveFolder(outDir)
}

/** In the pages alone: the transport of the worker needs the original. */
function swapping({ module, by }: NonNullable<PagesOptions['swap']>): Plugin {
  return {
    name: 'swapped-import',
    enforce: 'pre',
    resolveId(source, importer, options) {
      const isOfThePage = source === module && importer !== undefined && !importer.includes('/src/')
      return isOfThePage ? this.resolve(by, importer, { ...options, skipSelf: true }) : null
    },
  }
}

/** Bytes of each entry point as a user's bundler gets it: minified, gzip and brotli. */
import { readFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { build, minify } from 'vite'
import { runMain } from '../scripts/lib/clear-failure.mjs'
import { inRoot } from '../scripts/lib/paths.mjs'
import { sourceAliases } from './lib/build-app.mjs'
import { readOptions } from './lib/options.mjs'
import { environment, printEnvironment, printTargets, writeJson } from './lib/report.mjs'
import { kilobytes, printTable, whole } from './lib/table.mjs'

/** @typedef {{ name: string, minified: number, gzip: number, brotli: number }} Size */

const maxClientGzip = 9_800
/** Each with the client in it. */
const faces = {
  'partyline/socket-io': 'import { io as face }',
  'partyline/pusher': 'import face',
  'partyline/supabase': 'import { createRealtime as face }',
}
const maxFaceGzip = 9_000
/** What a tab would load otherwise. */
const others = ['socket.io-client', 'comlink']

await runMain(async () => {
  const { json } = readOptions({})
  const manifest = JSON.parse(readFileSync(inRoot('package.json'), 'utf8'))
  const peers = Object.keys(manifest.peerDependencies ?? {})
  const alias = await sourceAliases()
  const env = environment()
  printEnvironment(env)

  /** @type {Size[]} */
  const results = []
  for (const path of Object.keys(manifest.exports)) {
    if (path.endsWith('.json')) continue
    const entry = `${manifest.name}${path.slice(1)}`
    const source = manifest.exports[path].default.replace('./dist/', 'src/').replace(/\.js$/, '.ts')
    results.push(
      await measure(entry, `import * as all from ${JSON.stringify(inRoot(source))}; globalThis.all = all`, peers),
    )
  }
  const connectOnly = `import { connect } from ${JSON.stringify(inRoot('src/client/index.ts'))}; globalThis.line = connect`
  results.push(await measure('partyline, connect alone', connectOnly, peers))
  for (const [entry, imported] of Object.entries(faces)) {
    const source = inRoot(`src/facades/${entry.slice(entry.indexOf('/') + 1)}/index.ts`)
    results.push(
      await measure(
        `${entry}, as an app has it`,
        `${imported} from ${JSON.stringify(source)}; globalThis.face = face`,
        peers,
      ),
    )
  }
  for (const name of others) results.push(await measure(name, `export * from ${JSON.stringify(name)}`, []))

  printTable(
    'Everything an entry exports, with its dependencies; without peer dependencies and what is loaded on demand',
    ['', 'minified', 'gzip -9', 'brotli'],
    results.map(({ name, minified, gzip, brotli }) => [name, ...[minified, gzip, brotli].map(kilobytes)]),
  )
  const client = results.find(({ name }) => name === 'partyline, connect alone')
  const targets = [
    {
      name: 'client entry with Comlink: 9.8 kB gzip at most',
      met: client && client.gzip <= maxClientGzip,
      figure: `${whole(client?.gzip ?? NaN)} bytes`,
    },
    ...Object.keys(faces).map(entry => {
      const gzip = results.find(({ name }) => name.startsWith(`${entry}, `))?.gzip ?? NaN
      return {
        name: `a tab with ${entry}: 9 kB gzip at most`,
        met: gzip <= maxFaceGzip,
        figure: `${whole(gzip)} bytes`,
      }
    }),
  ]
  printTargets(targets)
  writeJson(json, { bench: 'size', environment: env, targets, results })
  return 0

  /**
   * @param {string} name
   * @param {string} code of the app that uses it
   * @param {readonly string[]} external
   * @returns {Promise<Size>}
   */
  async function measure(name, code, external) {
    const virtual = inRoot('bench/app/size-entry.js')
    const built = await build({
      configFile: false,
      logLevel: 'warn',
      root: inRoot(),
      resolve: { alias },
      plugins: [
        {
          name: 'app',
          resolveId: id => (id === virtual ? virtual : undefined),
          load: id => (id === virtual ? code : undefined),
        },
      ],
      // As a library, so that what the bundler adds to load chunks, which an app has once, does not count as ours.
      build: {
        write: false,
        target: 'es2022',
        lib: { entry: virtual, formats: ['es'] },
        // `node:` names are of entries for servers.
        rolldownOptions: { preserveEntrySignatures: 'strict', external: [...external, /^node:/, /^react/] },
      },
    })
    const [{ output }] = /** @type {[import('vite').Rolldown.RolldownOutput]} */ (built)
    const chunks = new Map(output.flatMap(file => (file.type === 'chunk' ? [[file.fileName, file]] : [])))
    const loaded = [...chunks.values()].filter(({ isEntry }) => isEntry)
    for (const { imports } of loaded)
      for (const imported of imports) {
        const chunk = chunks.get(imported)
        if (chunk !== undefined && !loaded.includes(chunk)) loaded.push(chunk)
      }
    const texts = await Promise.all(
      loaded.map(async ({ fileName, code: text }) => (await minify(fileName, text, { module: true })).code),
    )
    const bytes = Buffer.from(texts.join(''))
    return {
      name,
      minified: bytes.length,
      gzip: gzipSync(bytes, { level: 9 }).length,
      brotli: brotliCompressSync(bytes).length,
    }
  }
})

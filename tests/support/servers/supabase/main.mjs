/**
 * `node main.mjs [--port 0] [--database postgres://…]`: the server by itself, until SIGINT or SIGTERM. Without a database
 * it starts one, which is gone with it; `--database pglite` is one in this process, which needs no PostgreSQL. Vite reads
 * the TypeScript, which Node 20 cannot.
 */
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'
import { runMain } from '../../../../scripts/lib/clear-failure.mjs'
import { parseServerOptions } from '../../../../scripts/lib/server-options.mjs'

await runMain(async () => {
  const { port, database: name } = parseServerOptions('supabase', process.argv.slice(2), { takesDatabase: true })
  /** @type {{ module: Supabase }} */
  const { module: supabase } = await load('./index.ts')
  const database = name === 'pglite' ? await openPglite(supabase) : await openPostgres(supabase, name)
  const server = await supabase.startSupabaseServer({ port, changes: database.changes })
  process.stdout.write(`url       ${server.url}\nanon key  ${server.anonKey}\ndatabase  ${database.name}\n`)

  async function closeAll() {
    await server.close()
    await database.changes.close()
    await database.postgres?.close()
  }
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => void closeAll())
  return 0
})

/** @typedef {typeof import('./index.ts')} Supabase */

/** @param {Supabase} supabase */
async function openPglite(supabase) {
  const { PGlite } = await import('@electric-sql/pglite')
  return { name: 'pglite', changes: await supabase.openPgliteSource(await PGlite.create()), postgres: undefined }
}

/**
 * @param {Supabase} supabase
 * @param {string} [given]
 */
async function openPostgres(supabase, given) {
  const postgres = given === undefined ? await startPostgres() : undefined
  const name = given ?? (await postgres?.createDatabase()) ?? ''
  return { name, changes: await supabase.openPostgresSource(name), postgres }
}

async function startPostgres() {
  /** @type {{ module: typeof import('../postgres/postgres.ts') }} */
  const { module } = await load('../postgres/postgres.ts')
  return module.startPostgres()
}

/** @param {string} file */
function load(file) {
  return runnerImport(fileURLToPath(new URL(file, import.meta.url)), { configFile: false, logLevel: 'warn' })
}

/**
 * `node main.mjs [--port 0] [--database postgres://…]`: the server by itself, until SIGINT or SIGTERM. Without a database
 * it starts one, which is gone with it; `--database pglite` is one in this process, which needs no PostgreSQL. Vite reads
 * the TypeScript, which Node 20 cannot.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runnerImport } from 'vite'

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, database: { type: 'string' } } })

/** @type {{ module: typeof import('./index.ts') }} */
const { module: supabase } = await load('./index.ts')
const database = values.database === 'pglite' ? await openPglite() : await openPostgres(values.database)
const server = await supabase.startSupabaseServer({ port: Number(values.port), changes: database.changes })
process.stdout.write(`url       ${server.url}\nanon key  ${server.anonKey}\ndatabase  ${database.name}\n`)

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => void closeAll())

async function closeAll() {
  await server.close()
  await database.changes.close()
  await database.postgres?.close()
}

async function openPglite() {
  const { PGlite } = await import('@electric-sql/pglite')
  return { name: 'pglite', changes: await supabase.openPgliteSource(await PGlite.create()), postgres: undefined }
}

/** @param {string} [given] */
async function openPostgres(given) {
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

/**
 * `node main.mjs [--port 0] [--database postgres://…]`: the server by itself, until SIGINT or SIGTERM. Without a database
 * it starts one, which is gone with it. Vite reads the TypeScript, which Node 20 cannot.
 */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runnerImport } from 'vite'

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, database: { type: 'string' } } })

/** @type {{ module: typeof import('../postgres/postgres.ts') }} */
const { module: postgresModule } = await load('../postgres/postgres.ts')
/** @type {{ module: typeof import('./index.ts') }} */
const { module: supabase } = await load('./index.ts')

const postgres = values.database === undefined ? await postgresModule.startPostgres() : undefined
const database = values.database ?? (await postgres?.createDatabase()) ?? ''
const changes = await supabase.openPostgresSource(database)
const server = await supabase.startSupabaseServer({ port: Number(values.port), changes })
process.stdout.write(`url       ${server.url}\nanon key  ${server.anonKey}\ndatabase  ${database}\n`)

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => void closeAll())

async function closeAll() {
  await server.close()
  await changes.close()
  await postgres?.close()
}

/** @param {string} file */
function load(file) {
  return runnerImport(fileURLToPath(new URL(file, import.meta.url)), { configFile: false, logLevel: 'warn' })
}

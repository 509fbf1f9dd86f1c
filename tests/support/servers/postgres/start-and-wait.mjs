/** Starts a PostgreSQL server with a database, prints the database's address, and waits to be ended. */
import { fileURLToPath } from 'node:url'
import { runnerImport } from 'vite'

/** @type {{ module: typeof import('./postgres.ts') }} */
const { module } = await runnerImport(fileURLToPath(new URL('./postgres.ts', import.meta.url)), { configFile: false })
const postgres = await module.startPostgres()
process.stdout.write(`${await postgres.createDatabase()}\n`)

import type { TestProject } from 'vitest/node'
import { startPostgres } from './postgres.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** A PostgreSQL server that runs as long as the tests do: see {@link createDatabase}. */
    readonly postgresPort: number
  }
}

export default async function globalSetup(project: TestProject): Promise<() => Promise<void>> {
  const postgres = await startPostgres()
  project.provide('postgresPort', postgres.port)
  return postgres.close
}

import { chownSync, mkdtempSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPostgres } from '../../../../scripts/setup/find-postgres.mjs'
import { createDatabase, superuser } from './database.ts'
import { ordinaryUser } from './ordinary-user.ts'
import { superviseServer } from './supervisor.ts'

export interface Postgres {
  readonly port: number
  /** Makes an empty database and resolves with its address. */
  createDatabase(): Promise<string>
  /** Ends the server and removes all that it wrote. May be called twice. */
  close(): Promise<void>
}

/** Changes can be read from it as they happen; nothing that it holds survives a crash of the machine. */
const settings: Readonly<Record<string, string>> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  wal_level: 'logical',
  max_replication_slots: '20',
  max_wal_senders: '20',
  max_connections: '60',
  fsync: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
  jit: 'off',
  shared_buffers: '32MB',
  max_wal_size: '256MB',
  timezone: 'UTC',
  lc_messages: 'C',
}

/** With the folder of programs as `$0` and the settings after it. */
const start = `
"$0/initdb" -D data -U ${superuser} --auth=trust --encoding=UTF8 --locale=C --no-sync >/dev/null &&
exec "$0/postgres" -D data "$@"
`

/** Another program may take a free port before the server does. */
const attempts = 3

/**
 * Starts a PostgreSQL server of its own, on a free port of 127.0.0.1 and in a new temporary folder, as an ordinary user.
 * It ends with this process, whatever ends it.
 */
export async function startPostgres(): Promise<Postgres> {
  const found = findPostgres()
  if (found === undefined) throw new Error("There is no PostgreSQL server here; 'npm run test:servers' installs one.")
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOn(await freePort(), found.bin)
    } catch (error) {
      if (attempt === attempts || !String(error).includes('could not bind')) throw error
    }
  }
}

async function startOn(port: number, bin: string): Promise<Postgres> {
  const user = ordinaryUser()
  const folder = mkdtempSync(join(tmpdir(), 'partyline-postgres-'))
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const set = Object.entries({ port: String(port), ...settings }).flatMap(([key, value]) => ['-c', `${key}=${value}`])
  const server = await superviseServer({
    command: ['sh', '-c', start, bin, ...set],
    folder,
    isReady: text => text.includes('ready to accept connections'),
    user,
  })
  return { port, createDatabase: () => createDatabase(port), close: server.close }
}

async function freePort(): Promise<number> {
  const probe = createServer()
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', resolve)
  })
  const { port } = probe.address() as AddressInfo
  await new Promise(resolve => probe.close(resolve))
  return port
}

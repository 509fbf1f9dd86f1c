import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createConnection } from 'node:net'
import { Client } from 'pg'
import { expect, inject, test } from 'vitest'
import { waitFor } from '../support/line/wait-for.ts'
import { createDatabase } from '../support/servers/postgres/database.ts'
import { startPostgres } from '../support/servers/postgres/postgres.ts'

async function ask(database: string, sql: string): Promise<unknown> {
  const client = new Client({ connectionString: database })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

test('a server writes its log so that changes can be read from it, and listens on this machine only', async () => {
  const database = await createDatabase(inject('postgresPort'))
  expect(await ask(database, 'show wal_level')).toEqual([{ wal_level: 'logical' }])
  expect(await ask(database, 'show listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }])
})

test('databases of one server know nothing of each other', async () => {
  const port = inject('postgresPort')
  const [first, second] = [await createDatabase(port), await createDatabase(port)]
  await ask(first, 'create table notes ()')
  expect(await ask(second, "select to_regclass('notes') as found")).toEqual([{ found: null }])
})

test('a closed server is gone with all that it wrote', async () => {
  const postgres = await startPostgres()
  const folder = await dataFolder(await postgres.createDatabase())
  expect(existsSync(folder)).toBe(true)
  await Promise.all([postgres.close(), postgres.close()])
  expect([existsSync(folder), await isListening(postgres.port)]).toEqual([false, false])
})

test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
  'a server ends with the process that started it, by %s too',
  async signal => {
    const child = spawn(process.execPath, ['tests/support/servers/postgres/start-and-wait.mjs'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const database = await new Promise<string>(resolve => {
      child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()))
    })
    const folder = await dataFolder(database)
    child.kill(signal)
    await waitFor(() => !existsSync(folder), 'its folder to be gone', 10_000)
    expect(await isListening(Number(new URL(database).port))).toBe(false)
  },
)

async function dataFolder(database: string): Promise<string> {
  const [row] = (await ask(database, 'show data_directory')) as [{ data_directory: string }]
  return row.data_directory
}

function isListening(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = createConnection(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

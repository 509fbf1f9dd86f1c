import { randomUUID } from 'node:crypto'
import { Client } from 'pg'

/** Who owns everything on a server that {@link startPostgres} started. */
export const superuser = 'postgres'

/** Makes an empty database on the server at this port of 127.0.0.1 and resolves with its address. */
export async function createDatabase(port: number): Promise<string> {
  const name = `partyline_${randomUUID().replaceAll('-', '')}`
  const client = new Client({ connectionString: addressOf(port, superuser) })
  await client.connect()
  try {
    await client.query(`create database ${name}`)
  } finally {
    await client.end()
  }
  return addressOf(port, name)
}

const addressOf = (port: number, database: string): string => `postgres://${superuser}@127.0.0.1:${port}/${database}`

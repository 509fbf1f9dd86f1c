import type { Migration } from './database.ts'

/** The last one's number is the version of the database. */
export const MIGRATIONS: readonly Migration[] = [
  database => {
    database.createObjectStore('entries', { keyPath: 'seq', autoIncrement: true })
    database.createObjectStore('records')
  },
  (database, transaction) => {
    const pages = database.createObjectStore('pages', { keyPath: 'seq', autoIncrement: true })
    pages.createIndex('keys', 'keys', { unique: true, multiEntry: true })
    pages.createIndex('order', ['state', 'seq'])
    pages.createIndex('lane', ['state', 'kind', 'lane', 'seq'])
    pages.createIndex('expiry', ['state', 'expiresAt'])
    pages.createIndex('coalesce', ['lane', 'coalesce'])
    transaction.objectStore('records').delete('usage')
    const request = transaction.objectStore('entries').openCursor()
    request.addEventListener('success', () => {
      const cursor = request.result
      if (cursor === null) return database.deleteObjectStore('entries')
      pages.add(toPage(cursor.value))
      cursor.continue()
    })
  },
]

/** Of an entry as version 1 had it. Whether it is one is seen when it is read. */
function toPage(value: unknown): object {
  const { seq: _, state, kind, lane, ...entry } = Object(value) as { readonly [field: string]: unknown }
  const { key, expiresAt, coalesce } = entry
  return {
    state,
    kind,
    lane,
    keys: [key],
    entries: [entry],
    ...(expiresAt !== undefined && { expiresAt }),
    ...(coalesce !== undefined && { coalesce }),
  }
}

import 'fake-indexeddb/auto'
import { promisifyRequest } from 'idb-keyval'

/** Everything that is in IndexedDB, as text. */
export async function storedTexts(): Promise<string> {
  const databases = await indexedDB.databases()
  const texts = await Promise.all(databases.map(({ name = '' }) => textOf(name)))
  return texts.join('\n')
}

async function textOf(name: string): Promise<string> {
  const database = await promisifyRequest(indexedDB.open(name))
  try {
    const stores = [...database.objectStoreNames]
    if (stores.length === 0) return ''
    const transaction = database.transaction(stores)
    const rows = await Promise.all(stores.map(store => promisifyRequest(transaction.objectStore(store).getAll())))
    return JSON.stringify(rows)
  } finally {
    database.close()
  }
}

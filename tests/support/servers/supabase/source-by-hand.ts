import type { Change, ChangeSource, Row } from './change-source.ts'

/** A database of which a test says what changes in it; it has the tables `orders` and `dishes`. */
export interface SourceByHand extends ChangeSource {
  insert(table: string, row: Row): void
}

const tables: readonly unknown[] = ['orders', 'dishes', '*']

export function openSourceByHand(): SourceByHand {
  const listeners = new Set<(change: Change) => void>()
  return {
    /** Only whether there is such a table is ever asked. */
    query: async (_sql, [, , table] = []) => (tables.includes(table) ? [{}] : []),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    insert(table, record) {
      const change: Change = {
        type: 'INSERT',
        schema: 'public',
        table,
        committedAt: new Date().toISOString(),
        columns: Object.entries(record).map(([name, value]) => ({
          name,
          type: typeof value === 'number' ? 'int4' : 'text',
        })),
        primaryKey: ['id'],
        record,
        oldRecord: undefined,
      }
      for (const listener of listeners) listener(change)
    },
    close: async () => {},
  }
}

export type Row = Readonly<Record<string, unknown>>

export type ChangeType = 'INSERT' | 'UPDATE' | 'DELETE'

export interface Column {
  readonly name: string
  /** As `pg_type` has it: `int4`, `text`, `timestamptz`. */
  readonly type: string
}

/** One row that was changed, told after the commit. */
export interface Change {
  readonly type: ChangeType
  readonly schema: string
  readonly table: string
  /** ISO 8601, in UTC. */
  readonly committedAt: string
  readonly columns: readonly Column[]
  readonly primaryKey: readonly string[]
  /** The row as it is now; undefined after DELETE. */
  readonly record: Row | undefined
  /**
   * What is told of the row as it was, undefined for INSERT: its primary key only, unless the table has
   * `replica identity full`.
   */
  readonly oldRecord: Row | undefined
}

/** A database that tells what changes in it. */
export interface ChangeSource {
  query(sql: string, params?: readonly unknown[]): Promise<readonly Row[]>
  /** Calls the listener for every change, in the order of the commits. */
  onChange(listener: (change: Change) => void): () => void
  /** May be called twice. */
  close(): Promise<void>
}

import type { Change, ChangeSource, Row } from './change-source.ts'
import { isVisible, type Condition } from './filter.ts'
import { conditionsOf, type Binding } from './join-config.ts'
import { publication } from './publication.ts'

/** The payload of a `postgres_changes` frame. */
export interface ChangePayload {
  /** Of those bindings of the channel that the change is for. */
  readonly ids: readonly number[]
  readonly data: Readonly<Record<string, unknown>>
}

export interface Subscription {
  readonly bindings: readonly Binding[]
  readonly onChange: (payload: ChangePayload) => void
}

interface Watch {
  readonly binding: Binding
  readonly conditions: readonly Condition[]
}

/** The changes of a database for the bindings of channels. */
export class Changes {
  readonly #source: ChangeSource | undefined
  readonly #watches = new Map<Subscription, readonly Watch[]>()

  /** Ends listening to the source, which stays open. */
  readonly close: () => void

  constructor(source: ChangeSource | undefined) {
    this.#source = source
    this.close = source?.onChange(change => this.#tell(change)) ?? (() => {})
  }

  /**
   * Resolves when changes flow to the subscription.
   * @throws Error with a sentence when there is no such table or filter
   */
  async subscribe(subscription: Subscription): Promise<() => void> {
    const watches = subscription.bindings.map(binding => ({ binding, conditions: conditionsOf(binding) }))
    for (const { binding } of watches) await this.#check(binding)
    this.#watches.set(subscription, watches)
    return () => void this.#watches.delete(subscription)
  }

  async #check(binding: Binding): Promise<void> {
    const { schema, table, type, filter } = binding
    const found = await this.#source?.query(
      `select 1 from pg_publication_tables where pubname = $1
       and (schemaname = $2 or $2 = '*') and (tablename = $3 or $3 = '*') limit 1`,
      [publication, schema, table],
    )
    if (found !== undefined && found.length > 0) return
    throw new Error(
      'Unable to subscribe to changes with given parameters. Please check Realtime is enabled for the given connect ' +
        `parameters: [event: ${type}, schema: ${schema}, table: ${table}, filters: ${filter}]`,
    )
  }

  #tell(change: Change): void {
    for (const [{ onChange }, watches] of this.#watches) {
      for (const [select, ids] of byColumns(watches.filter(watch => concerns(watch, change)))) {
        onChange({ ids, data: dataOf(change, select) })
      }
    }
  }
}

function concerns({ binding, conditions }: Watch, change: Change): boolean {
  const { type, schema, table } = binding
  return (
    (type === '*' || type === change.type) &&
    (schema === '*' || schema === change.schema) &&
    (table === '*' || table === change.table) &&
    isVisible(conditions, change.columns, change.record ?? change.oldRecord ?? {})
  )
}

/** Bindings that want the same columns are told in one frame. */
function byColumns(
  watches: readonly Watch[],
): readonly (readonly [readonly string[] | undefined, readonly number[]])[] {
  const groups = new Map<string, [readonly string[] | undefined, number[]]>()
  for (const { binding } of watches) {
    const key = JSON.stringify(binding.select ?? '*')
    const group = groups.get(key) ?? [binding.select, []]
    groups.set(key, group)
    group[1].push(binding.id)
  }
  return [...groups.values()]
}

function dataOf(change: Change, select: readonly string[] | undefined): ChangePayload['data'] {
  const { type, schema, table, committedAt, columns, primaryKey, record, oldRecord } = change
  const isTold = (name: string): boolean => select === undefined || select.includes(name) || primaryKey.includes(name)
  const cut = (row: Row): Row => Object.fromEntries(Object.entries(row).filter(([name]) => isTold(name)))
  return {
    type,
    schema,
    table,
    commit_timestamp: committedAt,
    errors: null,
    columns: columns.filter(({ name }) => isTold(name)),
    ...(record === undefined ? {} : { record: cut(record) }),
    ...(oldRecord === undefined ? {} : { old_record: cut(oldRecord) }),
  }
}

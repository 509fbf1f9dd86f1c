import { createHash, randomUUID } from 'node:crypto'
import type { ChangeType } from './change-source.ts'
import { parseFilter, type Condition } from './filter.ts'

/** What a client asks for when it joins a channel. */
export interface JoinConfig {
  readonly acknowledgesBroadcasts: boolean
  readonly hearsItself: boolean
  readonly presenceKey: string
  readonly seesPresence: boolean
  readonly isPrivate: boolean
  readonly bindings: readonly Binding[]
  /** Whether the answer waits until the changes of the database flow. */
  readonly waitsForChanges: boolean
  readonly token: string | undefined
}

/** One `postgres_changes` subscription of a channel. */
export interface Binding {
  /** The same for the same wish, in every channel. */
  readonly id: number
  /** As it was asked for; the answer to the join repeats it. */
  readonly asked: Readonly<Record<string, unknown>>
  readonly type: ChangeType | '*'
  readonly schema: string
  /** `*` for all of the schema. */
  readonly table: string
  readonly filter: string
  /** Columns to tell beside the primary key; undefined for all. */
  readonly select: readonly string[] | undefined
}

type Fields = Readonly<Record<string, unknown>>

export function parseJoin(payload: unknown): JoinConfig {
  const { config, access_token: token } = toFields(payload)
  const {
    broadcast,
    presence,
    postgres_changes: changes,
    postgres_changes_options: options,
    ...rest
  } = toFields(config)
  const { ack, self } = toFields(broadcast)
  const { key, enabled } = toFields(presence)
  return {
    acknowledgesBroadcasts: ack === true,
    hearsItself: self === true,
    presenceKey: typeof key === 'string' && key !== '' ? key : randomUUID(),
    seesPresence: enabled === true,
    isPrivate: rest['private'] === true,
    bindings: Array.isArray(changes) ? changes.map(toFields).map(toBinding) : [],
    waitsForChanges: toFields(options)['wait'] === true,
    token: typeof token === 'string' ? token : undefined,
  }
}

/** @throws Error with a sentence when the binding's filter is none */
export const conditionsOf = ({ filter }: Binding): readonly Condition[] => parseFilter(filter)

function toBinding(asked: Fields): Binding {
  const { event, schema, table, filter, select } = asked
  return {
    id: idOf(asked),
    asked,
    type: event === 'INSERT' || event === 'UPDATE' || event === 'DELETE' ? event : '*',
    schema: typeof schema === 'string' ? schema : 'public',
    table: typeof table === 'string' ? table : '*',
    filter: typeof filter === 'string' ? filter : '',
    select: Array.isArray(select) ? select.map(String) : undefined,
  }
}

/** 27 bits, as Elixir's hash of a term has. */
function idOf(asked: Fields): number {
  const sorted = Object.entries(asked).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return createHash('sha256').update(JSON.stringify(sorted)).digest().readUInt32BE() >>> 5
}

export const toFields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {}

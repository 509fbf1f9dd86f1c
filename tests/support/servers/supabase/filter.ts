import type { Column, Row } from './change-source.ts'

/** `column=operator.value`, with `not.` before the operator to turn it round. */
export interface Condition {
  readonly column: string
  readonly operator: Operator
  readonly isNegated: boolean
  readonly value: string
}

export type Operator = keyof typeof operators

/** SQL's answer: undefined where it is neither true nor false, because the column is null. */
type Answer = boolean | undefined

interface Sides {
  /** The column's value, never undefined; null where the row has null. */
  readonly own: unknown
  readonly wanted: string
  /** Below zero where the column's value comes first; undefined where it is null. */
  readonly compare: (wanted: string) => number | undefined
}

const operators = {
  eq: ({ compare, wanted }: Sides) => test(compare(wanted), order => order === 0),
  neq: ({ compare, wanted }: Sides) => test(compare(wanted), order => order !== 0),
  lt: ({ compare, wanted }: Sides) => test(compare(wanted), order => order < 0),
  lte: ({ compare, wanted }: Sides) => test(compare(wanted), order => order <= 0),
  gt: ({ compare, wanted }: Sides) => test(compare(wanted), order => order > 0),
  gte: ({ compare, wanted }: Sides) => test(compare(wanted), order => order >= 0),
  in: ({ compare, own, wanted }: Sides) =>
    own === null ? undefined : listOf(wanted).some(item => compare(item) === 0),
  like: ({ own, wanted }: Sides) => matches(own, likeToRegExp(wanted, '')),
  ilike: ({ own, wanted }: Sides) => matches(own, likeToRegExp(wanted, 'i')),
  match: ({ own, wanted }: Sides) => matches(own, new RegExp(wanted)),
  imatch: ({ own, wanted }: Sides) => matches(own, new RegExp(wanted, 'i')),
  is: ({ own, wanted }: Sides) =>
    wanted === 'null' || wanted === 'unknown' ? own === null : own === (wanted === 'true'),
  isdistinct: ({ compare, own, wanted }: Sides) => (own === null ? wanted !== 'null' : compare(wanted) !== 0),
} satisfies Readonly<Record<string, (sides: Sides) => Answer>>

/**
 * Reads `status=eq.open,id=in.(1,2)`; all conditions must hold. A comma in quotes or parentheses does not part them.
 * @throws Error with a sentence for a filter that is none
 */
export function parseFilter(text: string): readonly Condition[] {
  return text.trim() === '' ? [] : splitOutside(text).map(parseCondition)
}

/** A condition on a column that the row does not tell holds for no value, as of a deleted row without its full identity. */
export function isVisible(conditions: readonly Condition[], columns: readonly Column[], row: Row): boolean {
  return conditions.every(({ column, operator, isNegated, value }) => {
    const own = row[column]
    if (own === undefined) return false
    const type = columns.find(({ name }) => name === column)?.type ?? 'text'
    const answer: Answer = operators[operator]({ own, wanted: value, compare: other => orderOf(type, own, other) })
    return answer !== undefined && answer !== isNegated
  })
}

function parseCondition(text: string): Condition {
  const [, column, not, operator, value] = /^\s*([^=]+)=(not\.)?(\w+)\.(.*)$/s.exec(text) ?? []
  if (column === undefined || value === undefined || !isOperator(operator)) {
    throw new Error(`Error parsing \`filter\` params: ${JSON.stringify(text)}`)
  }
  if (operator === 'in' && !/^\(.*\)$/s.test(value)) {
    throw new Error('Error parsing `filter` params: `in` filter value must be wrapped by parentheses')
  }
  // What is no pattern is refused here, and not at the first change.
  if (operator.endsWith('match')) void new RegExp(value)
  return { column, operator, isNegated: not !== undefined, value: operator === 'in' ? value : unquote(value) }
}

const isOperator = (name: string | undefined): name is Operator => name !== undefined && Object.hasOwn(operators, name)

const numeric = new Set(['int2', 'int4', 'int8', 'float4', 'float8', 'numeric', 'oid'])
const temporal = new Set(['timestamp', 'timestamptz', 'date'])

/** Compares as the column's type does; texts by their code units, as in the locale C. */
function orderOf(type: string, own: unknown, wanted: string): number | undefined {
  if (own === null) return undefined
  if (numeric.has(type)) return Number(own) - Number(wanted)
  if (temporal.has(type)) return Date.parse(textOf(own)) - Date.parse(wanted)
  if (type === 'bool') return Number(own) - Number(wanted === 'true' || wanted === 't')
  const text = textOf(own)
  return text === wanted ? 0 : text < wanted ? -1 : 1
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const test = (order: number | undefined, holds: (order: number) => boolean): Answer =>
  order === undefined ? undefined : holds(order)

const matches = (own: unknown, pattern: RegExp): Answer => (own === null ? undefined : pattern.test(textOf(own)))

function likeToRegExp(pattern: string, flags: string): RegExp {
  const source = pattern
    .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.')
  return new RegExp(`^${source}$`, `s${flags}`)
}

/** `(1,"a,b")` is `1` and `a,b`. */
const listOf = (value: string): readonly string[] => splitOutside(value.slice(1, -1)).map(unquote)

const unquote = (text: string): string => (/^".*"$/s.test(text) ? text.slice(1, -1).replace(/\\(.)/gs, '$1') : text)

/** Splits at commas that stand neither in quotes nor in parentheses. */
function splitOutside(text: string): readonly string[] {
  const pieces = ['']
  let depth = 0
  let isQuoted = false
  for (const [token] of text.matchAll(/\\.|./gs)) {
    if (token === '"') isQuoted = !isQuoted
    if (!isQuoted && token === '(') depth++
    if (!isQuoted && token === ')') depth--
    if (token === ',' && depth === 0 && !isQuoted) pieces.push('')
    else pieces[pieces.length - 1] += token
  }
  return pieces
}

import { PartylineError } from '../../protocol/index.ts'

/** What became of one message at the endpoint. */
export interface EndpointResult {
  readonly outcome: 'acknowledged' | 'rejected' | 'retry'
  /** The server's own words. */
  readonly error: string | undefined
}

const OUTCOMES: readonly unknown[] = ['acknowledged', 'rejected', 'retry'] satisfies EndpointResult['outcome'][]

/**
 * What the endpoint has answered, by key. One that is not there was not handled.
 * @throws PartylineError `bad-message` that names what is wrong
 */
export function parseEndpointAnswer(raw: unknown): ReadonlyMap<string, EndpointResult> {
  const { results } = fieldsOf(raw)
  if (!Array.isArray(results)) throw wrong(`results is ${typeof results}, not an array`)
  return new Map(results.map((result: unknown, index) => parseResult(fieldsOf(result), index)))
}

function parseResult(
  { key, outcome, error }: { readonly [field: string]: unknown },
  index: number,
): readonly [string, EndpointResult] {
  if (typeof key !== 'string') throw wrong(`results[${index}].key is ${typeof key}, not a string`)
  if (!OUTCOMES.includes(outcome)) throw wrong(`results[${index}].outcome is none of ${OUTCOMES.join(', ')}`)
  return [key, { outcome: outcome as EndpointResult['outcome'], error: typeof error === 'string' ? error : undefined }]
}

function wrong(what: string): PartylineError {
  return new PartylineError('bad-message', `the outbox endpoint's answer is not understood: ${what}`)
}

function fieldsOf(raw: unknown): { readonly [field: string]: unknown } {
  return Object(raw) as { readonly [field: string]: unknown }
}

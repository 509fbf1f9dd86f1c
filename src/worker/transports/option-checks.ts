/** What is wrong with options, told alike by all transports. Callers without types may leave everything out. */
import { PartylineError } from '../../protocol/index.ts'

/** @throws PartylineError `bad-options` for what is no object, or has another name in it */
export function checkNames(whose: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw bad(`${whose} needs options, such as { ${known.slice(0, 2).join(', ')} }`)
  const unknown = Object.keys(options).find(name => !known.includes(name))
  if (unknown !== undefined)
    throw bad(`${whose} knows no option ${JSON.stringify(unknown)}; it has ${known.join(', ')}`)
}

/** Browsers keep a delay in 31 bits; a larger one fires at once. */
const MAX_MS = 2 ** 31 - 1

/**
 * @param name one that ends with `Ms` is a duration
 * @throws PartylineError `bad-options`
 */
export function checkNumber(whose: string, name: string, value: unknown): number {
  const isDuration = name.endsWith('Ms')
  if (typeof value === 'number' && Number.isFinite(value) && value > 0 && !(isDuration && value > MAX_MS)) return value
  throw bad(
    `${whose}'s ${name} is ${String(value)}; expected a number above 0${isDuration ? ` and at most ${MAX_MS}` : ''}`,
  )
}

export function bad(message: string): PartylineError {
  return new PartylineError('bad-options', message)
}

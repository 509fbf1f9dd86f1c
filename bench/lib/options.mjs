import { parseArgs } from 'node:util'
import { ClearFailure } from '../../scripts/lib/clear-failure.mjs'

/**
 * Reads a bench's options. Every one takes a value except those that are `true`/`false` by default.
 * @template {{ [name: string]: string | boolean | undefined }} Defaults
 * @param {Defaults} defaults
 * @returns {Defaults & { json: string | undefined }}
 * @throws ClearFailure that names the option
 */
export function readOptions(defaults) {
  const all = { json: undefined, ...defaults }
  const options = Object.fromEntries(
    Object.entries(all).map(([name, value]) => [name, { type: typeof value === 'boolean' ? 'boolean' : 'string' }]),
  )
  try {
    const { values } = parseArgs({ options: /** @type {import('node:util').ParseArgsConfig['options']} */ (options) })
    return { ...all, ...values }
  } catch (error) {
    const known = Object.keys(all).map(name => `--${name}`)
    throw new ClearFailure(`${/** @type {Error} */ (error).message}\nThe options are ${known.join(', ')}.`)
  }
}

/** @param {string} text */
export const list = text => text.split(',').filter(part => part !== '')

/**
 * @param {string} name
 * @param {string} text
 */
export function positive(name, text) {
  const value = Number(text)
  if (!(value > 0)) throw new ClearFailure(`--${name} is ${text}; expected a number above 0`)
  return value
}

import { ClearFailure } from '../lib/clear-failure.mjs'

/** @typedef {(typeof engineNames)[number]} EngineName */

/** The browser engines that scenarios run on. */
export const engineNames = /** @type {const} */ (['chromium', 'firefox', 'webkit'])

/**
 * All of them, or those that PARTYLINE_ENGINES leaves.
 * @returns {readonly EngineName[]}
 * @throws ClearFailure when it names one that does not exist
 */
export function wantedEngines() {
  const wish = process.env['PARTYLINE_ENGINES'] ?? ''
  if (wish === '') return engineNames
  const wanted = wish.split(',')
  const unknown = wanted.filter(name => !engineNames.some(known => known === name))
  if (unknown.length === 0) return engineNames.filter(name => wanted.includes(name))
  throw new ClearFailure(
    `PARTYLINE_ENGINES is '${wish}', but there is no engine '${unknown[0]}'. Engines: ${engineNames.join(', ')}.`,
  )
}

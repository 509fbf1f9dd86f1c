import { ClearFailure } from '../lib/clear-failure.mjs'
import { installFromDebian } from './debian.mjs'
import { wantedEngines } from './engine-names.mjs'
import { ensureChromium } from './ensure-chromium.mjs'
import { findFirefox, findWebKitDriver, findXvfb } from './find-engines.mjs'

/** @typedef {import('./engine-names.mjs').EngineName} EngineName */

/**
 * Finds the engines that scenarios run on, or installs them from Debian's packages.
 * @throws ClearFailure that names each engine that is not to be had
 */
export async function ensureEngines() {
  const wanted = wantedEngines()
  if (wanted.includes('chromium')) await ensureChromium()
  const packages = wanted.flatMap(missingPackages)
  if (packages.length > 0) await installFromDebian(packages)
  const missing = wanted.filter(name => missingPackages(name).length > 0)
  if (missing.length > 0) throw new ClearFailure(missingText(missing, wanted))
}

/**
 * What of an engine is not there, by the names of Debian's packages.
 * @param {EngineName} name
 */
function missingPackages(name) {
  switch (name) {
    case 'chromium':
      // It is sought and installed by itself, because other stages need it as well.
      return []
    case 'firefox':
      return findFirefox() === undefined ? ['firefox-esr'] : []
    case 'webkit':
      return [
        ...(findWebKitDriver() === undefined ? ['webkit2gtk-driver'] : []),
        ...(findXvfb() === undefined ? ['xvfb'] : []),
      ]
  }
}

/**
 * @param {readonly EngineName[]} missing
 * @param {readonly EngineName[]} wanted
 */
function missingText(missing, wanted) {
  const others = wanted.filter(name => !missing.includes(name))
  return [
    ...missing.map(name => `The engine ${name} is not to be had here: install ${missingPackages(name).join(' and ')}.`),
    "These are names of Debian's packages; as root on Debian they are installed without asking.",
    ...(others.length > 0 ? [`PARTYLINE_ENGINES=${others.join(',')} leaves out what is missing.`] : []),
  ].join('\n')
}

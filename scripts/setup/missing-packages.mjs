import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { isForThisMachine } from './this-machine.mjs'

/**
 * @typedef {{ version?: string, optional?: boolean, hasInstallScript?: boolean, os?: string[], cpu?: string[],
 *   libc?: string[] }} LockedPackage
 * @typedef {{ packages: Record<string, LockedPackage & Record<string, unknown>> }} Lock
 */

/**
 * What of the lock file is not installed, or in another version: paths such as `node_modules/vite`.
 * A lock file that package.json no longer agrees with counts as well, as `package-lock.json`.
 * @param {string} folder the folder of package.json
 */
export function missingPackages(folder) {
  const lock = readLock(join(folder, 'package-lock.json'))
  const installed = readLock(join(folder, 'node_modules', '.package-lock.json'))
  if (lock === undefined) return ['package-lock.json']
  const missing = Object.entries(lock.packages)
    .filter(([path, locked]) => path !== '' && isNeeded(locked))
    .filter(([path, locked]) => installed?.packages[path]?.version !== locked.version || !isThere(folder, path))
    .map(([path]) => path)
  return agrees(folder, lock) ? missing : ['package-lock.json', ...missing]
}

/** @param {LockedPackage} locked */
function isNeeded(locked) {
  if (!locked.optional) return true
  const isNativePart = locked.os !== undefined || locked.cpu !== undefined
  return isNativePart && !locked.hasInstallScript && isForThisMachine(locked)
}

/**
 * @param {string} folder
 * @param {string} path
 */
const isThere = (folder, path) => existsSync(join(folder, path, 'package.json'))

/**
 * @param {string} folder
 * @param {Lock} lock
 */
function agrees(folder, lock) {
  const own = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return ['dependencies', 'devDependencies', 'peerDependencies'].every(kind =>
    isDeepStrictEqual(own[kind] ?? {}, lock.packages['']?.[kind] ?? {}),
  )
}

/**
 * @param {string} path
 * @returns {Lock | undefined} undefined when there is none or it cannot be read
 */
function readLock(path) {
  try {
    const lock = JSON.parse(readFileSync(path, 'utf8'))
    return typeof lock?.packages === 'object' ? lock : undefined
  } catch {
    return undefined
  }
}

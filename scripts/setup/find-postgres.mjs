import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { majorVersion } from './program-version.mjs'

/** @typedef {{ readonly bin: string, readonly major: number, readonly hasWal2json: boolean }} Postgres `bin`: its folder */

/** Older ones lack what wal2json's second format needs. */
export const oldestMajor = 13

/** Where Debian keeps the servers, one folder for each major version. */
const debianFolder = '/usr/lib/postgresql'

/**
 * The PostgreSQL server whose programs lie in PARTYLINE_POSTGRES, else the best installed one: with wal2json before
 * without, newer before older.
 * @returns {Postgres | undefined}
 */
export const findPostgres = () =>
  binFolders()
    .flatMap(inspect)
    .toSorted((a, b) => Number(b.hasWal2json) - Number(a.hasWal2json) || b.major - a.major)[0]

function binFolders() {
  const named = process.env['PARTYLINE_POSTGRES'] ?? ''
  if (named !== '') return [named]
  const debian = existsSync(debianFolder)
    ? readdirSync(debianFolder).map(version => join(debianFolder, version, 'bin'))
    : []
  return [...debian, ...(process.env['PATH'] ?? '').split(delimiter)]
}

/**
 * @param {string} folder
 * @returns {Postgres[]} none where no server is that is new enough and runs here
 */
function inspect(folder) {
  const program = join(folder, 'postgres')
  if (!existsSync(program) || !existsSync(join(folder, 'initdb'))) return []
  const major = majorVersion(program)
  if (major === undefined || major < oldestMajor) return []
  const bin = dirname(realpathSync(program))
  const libraries = [join(bin, '../lib'), join(bin, '../lib/postgresql'), `${debianFolder}/${major}/lib`]
  const files = ['wal2json.so', 'wal2json.dylib']
  return [{ bin, major, hasWal2json: libraries.some(library => files.some(file => existsSync(join(library, file)))) }]
}

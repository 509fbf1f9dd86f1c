import { ClearFailure } from '../lib/clear-failure.mjs'
import { installFromDebian } from './debian.mjs'
import { findPostgres, oldestMajor } from './find-postgres.mjs'

/**
 * Finds a PostgreSQL server with wal2json, or installs what is missing from Debian's packages.
 * Afterwards PARTYLINE_POSTGRES names its folder of programs for every child process.
 * @throws ClearFailure that names what to install
 */
export async function ensurePostgres() {
  const named = process.env['PARTYLINE_POSTGRES'] ?? ''
  if (named !== '' && findPostgres() === undefined) {
    throw new ClearFailure(
      `PARTYLINE_POSTGRES is ${named}, where no PostgreSQL ${oldestMajor} or newer is that runs here.`,
    )
  }
  // The package of wal2json is named after the server's version, so the server comes first.
  if (findPostgres() === undefined) await installFromDebian(['postgresql'])
  const found = findPostgres()
  if (found?.hasWal2json === false) await installFromDebian([wal2jsonPackage(found.major)])
  const postgres = findPostgres()
  if (postgres?.hasWal2json !== true) throw new ClearFailure(missingText(postgres?.major))
  process.env['PARTYLINE_POSTGRES'] = postgres.bin
}

/** @param {number} major */
const wal2jsonPackage = major => `postgresql-${major}-wal2json`

/** @param {number | undefined} major of a server that only lacks wal2json */
function missingText(major) {
  const packages = major === undefined ? ['postgresql', wal2jsonPackage(15)] : [wal2jsonPackage(major)]
  return [
    `PostgreSQL with wal2json is not to be had here: install ${packages.join(' and ')}.`,
    "These are names of Debian's packages; as root on Debian they are installed without asking.",
    'PARTYLINE_POSTGRES=/path/to/bin names a server of your own.',
  ].join('\n')
}

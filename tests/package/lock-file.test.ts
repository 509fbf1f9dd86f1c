import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { inRoot } from '../../scripts/lib/paths.mjs'

interface Locked {
  readonly optionalDependencies?: object
}

/** npm leaves out what its registry does not have; `npm ci` then fails elsewhere, or leaves tools without their native parts. */
test('the lock file names the native parts of every system', () => {
  const { packages } = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>
  }
  const wanted = Object.values(packages).flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
  expect(wanted.filter(name => !(`node_modules/${name}` in packages))).toEqual([])
})

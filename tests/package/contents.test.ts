import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'

const folder = join(inject('consumer'), 'node_modules', 'partyline')

test('every file that `exports` names is packed', () => {
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly exports: object }
  expect(pathsIn(manifest.exports).filter(path => !existsSync(join(folder, path)))).toEqual([])
})

test('no tests, tools or build leftovers are packed', () => {
  expect(readdirSync(folder)).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/^(tests|scripts|demo|bench)$/)]),
  )
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  expect(files.filter(file => /\.test\.|\.tsbuildinfo$/.test(file))).toEqual([])
})

function pathsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(pathsIn) : []
}

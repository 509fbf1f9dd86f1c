import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
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

test('what the README and the docs point at is packed, but for what the repository alone has', () => {
  const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file =>
    /^[^/]+\.md$|^docs\//.test(file),
  )
  const linked = texts.filter(file => file.endsWith('.md')).flatMap(file => linksIn(file))
  expect(
    linked.filter(path => !existsSync(join(folder, path)) && !/^(CONTRIBUTING\.md|tests\/|demo\/)/.test(path)),
  ).toEqual([])
  expect(texts).toContain('docs/errors.md')
})

/** Paths within the package that a page has relative links to. */
function linksIn(file: string): string[] {
  const targets = readFileSync(join(folder, file), 'utf8').matchAll(/\]\((?!https?:|#|mailto:)([^)#]+)/g)
  return Array.from(targets, ([, target = '']) => join(dirname(file), target))
}

function pathsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(pathsIn) : []
}

import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { inRoot } from '../../scripts/lib/paths.mjs'
import { runNode } from '../../scripts/lib/run.mjs'

/** What each part of src may not import, though the file is there. */
const forbiddenImports: Record<string, readonly string[]> = {
  protocol: ['lib', 'outbox', 'worker', 'sw', 'client', 'facades'],
  lib: ['protocol', 'outbox', 'worker', 'sw', 'client', 'facades'],
  outbox: ['worker', 'sw', 'client'],
  worker: ['sw', 'client'],
  sw: ['worker', 'client'],
  client: ['outbox', 'worker', 'sw', 'facades'],
  facades: ['outbox', 'worker', 'sw'],
}

/** Globals that are not there, or not to be used, where a part runs. */
const forbiddenGlobals: Record<string, readonly string[]> = {
  protocol: ['setTimeout', 'console', 'document', 'navigator', 'AbortController', 'MessageChannel', 'process'],
  lib: ['setTimeout', 'console', 'document', 'navigator', 'AbortController', 'MessageChannel', 'process'],
  outbox: ['document', 'window', 'localStorage', 'HTMLElement', 'process', 'Buffer'],
  worker: ['document', 'window', 'localStorage', 'HTMLElement', 'process', 'Buffer'],
  sw: ['document', 'window', 'localStorage', 'HTMLElement', 'process', 'Buffer'],
  client: ['importScripts', 'SharedWorkerGlobalScope', 'ServiceWorkerGlobalScope', 'process', 'Buffer'],
  facades: ['importScripts', 'SharedWorkerGlobalScope', 'ServiceWorkerGlobalScope', 'process', 'Buffer'],
}

const parts = Object.keys(forbiddenImports)
const pairs = (rules: Record<string, readonly string[]>) =>
  Object.entries(rules).flatMap(([part, names]) => names.map(name => ({ part, name })))

/** `src/worker/wrong-import-client.ts` → the compiler's codes for it. */
let refusals: ReadonlyMap<string, readonly string[]>
/** What the compiler says of a copy in which nothing is wrong. */
let unchanged: { readonly code: number; readonly output: string }
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partyline-rules-'))
  await cp(inRoot('src'), join(folder, 'src'), { recursive: true })
  for (const file of ['package.json', 'tsconfig.base.json']) await cp(inRoot(file), join(folder, file))
  await symlink(inRoot('node_modules'), join(folder, 'node_modules'), 'junction')
  unchanged = await build()
  for (const { part, name } of pairs(forbiddenImports)) {
    // A file of its own for each, because the compiler complains only of the first import of a file.
    await write(name, `right-for-${part}`, 'export const other = 1\n')
    await write(part, `wrong-import-${name}`, `export { other } from '../${name}/right-for-${part}.ts'\n`)
  }
  for (const { part, name } of pairs(forbiddenGlobals))
    await write(part, `wrong-global-${name}`, `export const used: unknown = ${name}\n`)
  refusals = readRefusals((await build()).output)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

const write = (part: string, what: string, text: string): Promise<void> =>
  writeFile(join(folder, 'src', part, `${what}.ts`), text)

const build = () =>
  runNode(inRoot('node_modules/typescript/bin/tsc'), ['-b', 'src', '--pretty', 'false'], { cwd: folder })

function readRefusals(output: string): Map<string, string[]> {
  const found = new Map<string, string[]>()
  for (const [, file = '', code = ''] of output.replaceAll('\\', '/').matchAll(/^(\S+?)\(\d+,\d+\): error (TS\d+)/gm))
    found.set(file, [...(found.get(file) ?? []), code])
  return found
}

const NOT_OF_THIS_PROJECT = 'TS6307'
const NO_SUCH_NAME = /^TS(2304|2552|2580|2584|2591)$/

test('src as it is keeps the rules', () => {
  expect(unchanged.output).toBe('')
  expect(unchanged.code).toBe(0)
})

test.each(pairs(forbiddenImports))('$part cannot import from $name', ({ part, name }) => {
  expect(refusals.get(`src/${part}/wrong-import-${name}.ts`)).toEqual([NOT_OF_THIS_PROJECT])
  expect(refusals.get(`src/${name}/right-for-${part}.ts`)).toBeUndefined()
})

test.each(pairs(forbiddenGlobals))('$part cannot use $name', ({ part, name }) => {
  expect(refusals.get(`src/${part}/wrong-global-${name}.ts`)).toEqual([expect.stringMatching(NO_SUCH_NAME)])
})

describe('protocol and lib', () => {
  test.each(['protocol', 'lib'])('%s imports nothing but itself', async part => {
    const files = await readdir(inRoot('src', part))
    const texts = await Promise.all(
      files.filter(file => file.endsWith('.ts')).map(file => readFile(inRoot('src', part, file), 'utf8')),
    )
    const specifiers = texts.flatMap(text =>
      Array.from(text.matchAll(/\bfrom '([^']+)'/g), ([, specifier]) => specifier),
    )
    expect(specifiers.length).toBeGreaterThan(0)
    expect(specifiers.filter(specifier => !/^\.\/[\w-]+\.ts$/.test(specifier ?? ''))).toEqual([])
  })
})

test('every part of src has a rule here', async () => {
  const folders = (await readdir(inRoot('src'), { withFileTypes: true })).filter(entry => entry.isDirectory())
  expect(folders.map(({ name }) => name).toSorted()).toEqual(parts.toSorted())
})

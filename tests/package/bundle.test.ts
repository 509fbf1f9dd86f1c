import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, minify, type Rolldown } from 'vite'
import { beforeAll, describe, expect, inject, test } from 'vitest'

/** Socket.IO's protocol version in every handshake's address: minifiers leave it, and nothing else has it. */
const socketIoCode = /\bEIO\b/

let tab: string
let worker: string

beforeAll(async () => {
  const root = inject('consumer')
  const built = (await build({
    root,
    configFile: false,
    logLevel: 'warn',
    worker: { format: 'es' },
    build: { outDir: join(root, 'dist'), write: false },
  })) as Rolldown.RolldownOutput
  tab = built.output.flatMap(file => (file.type === 'chunk' ? file.code : [])).join('\n')
  worker = built.output
    .flatMap(file => (file.type === 'asset' && file.fileName.includes('partyline.worker') ? String(file.source) : []))
    .join('\n')
})

test("a tab's bundle holds no transport library", () => {
  expect(tab).not.toBe('')
  expect(socketIoCode.test(tab)).toBe(false)
})

test('the worker is a bundle of its own, with the transport that it uses', () => {
  expect(socketIoCode.test(worker)).toBe(true)
})

test('the page opens the built worker, not its source', () => {
  expect(/new SharedWorker\(new URL\(.[^)]*partyline\.worker-[\w-]+\.js/.test(tab)).toBe(true)
})

describe('the client, Comlink included', () => {
  let chunks: Map<string, Rolldown.OutputChunk>

  beforeAll(async () => {
    const root = inject('consumer')
    const script = join(root, 'client-alone.js')
    await writeFile(script, "import { connect } from 'partyline'\nglobalThis.line = connect\n")
    // As a library, so that what the bundler adds to load chunks, which an app has once, does not count as ours.
    const [built] = (await build({
      root,
      configFile: false,
      logLevel: 'warn',
      build: { write: false, target: 'es2022', lib: { entry: script, formats: ['es'] } },
    })) as Rolldown.RolldownOutput[]
    chunks = new Map(built?.output.flatMap(file => (file.type === 'chunk' ? [[file.fileName, file]] : [])))
  })

  /** A chunk and what it imports, minified and compressed. */
  async function bytesOf(name: string, without: ReadonlySet<string> = new Set()): Promise<number> {
    const names = [...closureOf(name)].filter(part => !without.has(part))
    const texts = await Promise.all(
      names.map(async part => (await minify(part, chunks.get(part)?.code ?? '', { module: true })).code),
    )
    return gzipSync(texts.join(''), { level: 9 }).length
  }

  function closureOf(name: string, seen = new Set<string>()): Set<string> {
    if (seen.has(name)) return seen
    seen.add(name)
    for (const imported of chunks.get(name)?.imports ?? []) closureOf(imported, seen)
    return seen
  }

  function entry(): Rolldown.OutputChunk {
    const found = [...chunks.values()].find(({ isEntry }) => isEntry)
    if (found === undefined) throw new Error('there is no entry')
    return found
  }

  test('is at most 8.75 kB in a tab that has a SharedWorker', async () => {
    expect(await bytesOf(entry().fileName)).toBeLessThanOrEqual(8_750)
  })

  test('loads at most 3.5 kB more where there is none', async () => {
    const loaded = closureOf(entry().fileName)
    const { dynamicImports } = entry()
    expect(dynamicImports).toHaveLength(2)
    for (const name of dynamicImports) expect(await bytesOf(name, loaded)).toBeLessThanOrEqual(3_500)
  })
})

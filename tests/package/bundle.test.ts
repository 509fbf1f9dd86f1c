import '../support/worker-globals.ts'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build, minify, type Rolldown } from 'vite'
import { beforeAll, describe, expect, inject, test } from 'vitest'
import type { Transport, TransportSink } from '../../src/worker/index.ts'

/** Socket.IO's protocol version in every handshake's address: minifiers leave it, and nothing else has it. */
const socketIoCode = /\bEIO\b/

/** A message of Pusher's protocol, and one of the library that encrypts for it. */
const pusherCode = /pusher:connection_established/
const encryptionCode = /bad nonce size/

/** Sent with each join, and a part of `@supabase/supabase-js` that has nothing to do with Realtime. */
const realtimeCode = /realtime-js\/2\.|postgres_changes/
const supabaseAuthCode = /GoTrueClient|supabase\.auth\.token/

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
  expect(pusherCode.test(tab)).toBe(false)
  expect(realtimeCode.test(tab)).toBe(false)
})

test('the worker is a bundle of its own, with the transport that it uses', () => {
  expect(socketIoCode.test(worker)).toBe(true)
  expect(pusherCode.test(worker)).toBe(false)
  expect(realtimeCode.test(worker)).toBe(false)
})

test.each([
  ['pusher-js', "import Pusher from 'partyline/pusher'\nglobalThis.face = Pusher\n", 'pusher:subscription_succeeded'],
  ['socket.io-client', "import { io } from 'partyline/socket-io'\nglobalThis.face = io\n", 'io server disconnect'],
])('the face of %s brings nothing of it along', async (name, code, own) => {
  const root = inject('consumer')
  const script = join(root, `${name}-face.js`)
  await writeFile(script, code)
  const [built] = (await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: { write: false, target: 'es2022', lib: { entry: script, formats: ['es'] } },
  })) as Rolldown.RolldownOutput[]
  const bundled = built?.output.map(file => (file.type === 'chunk' ? file.code : '')).join('\n') ?? ''
  expect(bundled).toContain(own)
  for (const library of [pusherCode, socketIoCode]) expect(library.test(bundled)).toBe(false)
})

describe.each([
  ['pusher', { socketIo: false, pusher: true, encryption: false, realtime: false, supabaseAuth: false }],
  ['pusher-encrypted', { socketIo: false, pusher: true, encryption: true, realtime: false, supabaseAuth: false }],
  ['socket-io', { socketIo: true, pusher: false, encryption: false, realtime: false, supabaseAuth: false }],
  ['supabase', { socketIo: false, pusher: false, encryption: false, realtime: true, supabaseAuth: false }],
])('a worker with the transport of partyline/worker/%s', (entry, holds) => {
  let code: string

  beforeAll(async () => {
    const root = inject('consumer')
    const script = join(root, `${entry}-alone.js`)
    await writeFile(script, `export * from 'partyline/worker/${entry}'\n`)
    const [built] = (await build({
      root,
      configFile: false,
      logLevel: 'warn',
      build: { write: false, target: 'es2022', lib: { entry: script, formats: ['es'] } },
    })) as Rolldown.RolldownOutput[]
    code = built?.output.map(file => (file.type === 'chunk' ? file.code : '')).join('\n') ?? ''
  })

  test('holds that library alone', () => {
    expect({
      socketIo: socketIoCode.test(code),
      pusher: pusherCode.test(code),
      encryption: encryptionCode.test(code),
      realtime: realtimeCode.test(code),
      supabaseAuth: supabaseAuthCode.test(code),
    }).toEqual(holds)
  })

  test('finds its class in what the bundler has made of a CommonJS library', async () => {
    const file = join(inject('consumer'), `${entry}-built.mjs`)
    await writeFile(file, code)
    const { pusher, socketIo, supabase } = (await import(pathToFileURL(file).href)) as {
      readonly [name: string]: (options: object) => Transport
    }
    const transport =
      pusher?.({ key: 'key', cluster: 'eu' }) ??
      socketIo?.({ url: 'https://example.com' }) ??
      supabase?.({ url: 'https://example.com', key: 'key' })
    expect(transport?.create({} as TransportSink).join).toBeTypeOf('function')
  })
})

test('the page opens the built worker, not its source', () => {
  expect(/new SharedWorker\(new URL\(.[^)]*partyline\.worker-[\w-]+\.js/.test(tab)).toBe(true)
})

describe('the client, Comlink included', () => {
  type Chunks = ReadonlyMap<string, Rolldown.OutputChunk>

  /** As a library, so that what the bundler adds to load chunks, which an app has once, does not count as ours. */
  async function bundle(name: string, code: string): Promise<Chunks> {
    const root = inject('consumer')
    const script = join(root, `${name}.js`)
    await writeFile(script, code)
    const [built] = (await build({
      root,
      configFile: false,
      logLevel: 'warn',
      build: { write: false, target: 'es2022', lib: { entry: script, formats: ['es'] } },
    })) as Rolldown.RolldownOutput[]
    return new Map(built?.output.flatMap(file => (file.type === 'chunk' ? [[file.fileName, file]] : [])))
  }

  /** A chunk and what it imports, minified and compressed. */
  async function bytesOf(chunks: Chunks, name: string, without: ReadonlySet<string> = new Set()): Promise<number> {
    const names = [...closureOf(chunks, name)].filter(part => !without.has(part))
    const texts = await Promise.all(
      names.map(async part => (await minify(part, chunks.get(part)?.code ?? '', { module: true })).code),
    )
    return gzipSync(texts.join(''), { level: 9 }).length
  }

  function closureOf(chunks: Chunks, name: string, seen = new Set<string>()): Set<string> {
    if (seen.has(name)) return seen
    seen.add(name)
    for (const imported of chunks.get(name)?.imports ?? []) closureOf(chunks, imported, seen)
    return seen
  }

  function entryOf(chunks: Chunks): Rolldown.OutputChunk {
    const found = [...chunks.values()].find(({ isEntry }) => isEntry)
    if (found === undefined) throw new Error('there is no entry')
    return found
  }

  let connect: Chunks

  beforeAll(async () => {
    connect = await bundle('client-alone', "import { connect } from 'partyline'\nglobalThis.line = connect\n")
  })

  test('is at most 9.8 kB in a tab that has a SharedWorker', async () => {
    expect(await bytesOf(connect, entryOf(connect).fileName)).toBeLessThanOrEqual(9_800)
  })

  test.each([
    ['socket-io', "import { io as face } from 'partyline/socket-io'"],
    ['pusher', "import face from 'partyline/pusher'"],
    ['supabase', "import { createRealtime as face } from 'partyline/supabase'"],
  ])('is at most 12.2 kB with the face partyline/%s', async (name, imported) => {
    const face = await bundle(`tab-${name}`, `${imported}\nglobalThis.face = face\n`)
    expect(await bytesOf(face, entryOf(face).fileName)).toBeLessThanOrEqual(12_200)
  })

  test('loads at most 3.5 kB more where there is none', async () => {
    const { fileName, dynamicImports } = entryOf(connect)
    const loaded = closureOf(connect, fileName)
    // Two hosts, and the way back from them.
    expect(dynamicImports).toHaveLength(3)
    for (const name of dynamicImports) expect(await bytesOf(connect, name, loaded)).toBeLessThanOrEqual(3_500)
  })
})

describe('around the service worker', () => {
  /** What a script of the consumer's becomes, as one library; what is loaded on demand is in chunks of its own. */
  async function bundled(script: string): Promise<Rolldown.OutputChunk[]> {
    const root = inject('consumer')
    const [built] = (await build({
      root,
      configFile: false,
      logLevel: 'warn',
      define: { 'process.env.NODE_ENV': '"production"' },
      build: { write: false, target: 'es2022', lib: { entry: join(root, script), formats: ['es'] } },
    })) as Rolldown.RolldownOutput[]
    return built?.output.flatMap(file => (file.type === 'chunk' ? [file] : [])) ?? []
  }

  async function gzipped(chunks: readonly Rolldown.OutputChunk[]): Promise<number> {
    const texts = await Promise.all(
      chunks.map(async ({ fileName, code }) => (await minify(fileName, code, { module: true })).code),
    )
    return gzipSync(texts.join(''), { level: 9 }).length
  }

  /** The name of the database in which Workbox keeps its times: minifiers leave it. */
  const workboxCode = /workbox-expiration/

  test('its script is one file, as all browsers take it, of at most 26 kB', async () => {
    const chunks = await bundled('sw.ts')
    expect(chunks).toHaveLength(1)
    expect(chunks[0]?.imports).toEqual([])
    expect(workboxCode.test(chunks[0]?.code ?? '')).toBe(true)
    expect(await gzipped(chunks)).toBeLessThanOrEqual(26_000)
  })

  test('a tab loads none of it, nor anything of the outbox', () => {
    expect(workboxCode.test(tab)).toBe(false)
    expect(tab).not.toContain('partyline:outbox:')
  })

  test('registering it costs a tab at most 3 kB at once, and Workbox’s window part on demand', async () => {
    const root = inject('consumer')
    await writeFile(
      join(root, 'register-alone.js'),
      "import { registerServiceWorker } from 'partyline/register'\nglobalThis.register = registerServiceWorker\n",
    )
    const chunks = await bundled('register-alone.js')
    const loaded = chunks.filter(({ isDynamicEntry }) => !isDynamicEntry)
    expect(chunks.length).toBeGreaterThan(loaded.length)
    expect(await gzipped(loaded)).toBeLessThanOrEqual(3_000)
  })
})

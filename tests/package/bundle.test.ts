import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, type Rolldown } from 'vite'
import { beforeAll, expect, inject, test } from 'vitest'

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

test('the client, Comlink included, is at most 6 kB in a tab', async () => {
  const root = inject('consumer')
  const entry = join(root, 'client-alone.js')
  await writeFile(entry, "import { connect } from 'partyline'\nglobalThis.line = connect\n")
  const built = (await build({
    root,
    configFile: false,
    logLevel: 'warn',
    build: {
      write: false,
      target: 'es2022',
      modulePreload: { polyfill: false },
      rolldownOptions: { input: entry },
    },
  })) as Rolldown.RolldownOutput
  const code = built.output.flatMap(file => (file.type === 'chunk' ? file.code : [])).join('')
  expect(gzipSync(code, { level: 9 }).length).toBeLessThanOrEqual(6_000)
})

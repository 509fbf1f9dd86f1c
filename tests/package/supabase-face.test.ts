import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { build, minify, type Rolldown } from 'vite'
import { beforeAll, describe, expect, inject, test } from 'vitest'

/** Of the library's protocol, and of its own sending by HTTP: minifiers leave both. */
const realtimeCode = /phx_join|realtime-js\/2\./
const httpCode = /falling back to REST/

describe('partyline/supabase in a tab', () => {
  let chunks: Map<string, Rolldown.OutputChunk>
  let loaded: readonly Rolldown.OutputChunk[]

  beforeAll(async () => {
    const root = inject('consumer')
    const script = join(root, 'supabase-face-alone.js')
    await writeFile(script, "import { createRealtime } from 'partyline/supabase'\nglobalThis.create = createRealtime\n")
    const [built] = (await build({
      root,
      configFile: false,
      logLevel: 'warn',
      build: { write: false, target: 'es2022', lib: { entry: script, formats: ['es'] } },
    })) as Rolldown.RolldownOutput[]
    chunks = new Map(built?.output.flatMap(file => (file.type === 'chunk' ? [[file.fileName, file]] : [])))
    const entry = [...chunks.values()].find(({ isEntry }) => isEntry)
    loaded = closureOf(entry?.fileName ?? '')
  })

  function closureOf(name: string): Rolldown.OutputChunk[] {
    const chunk = chunks.get(name)
    return chunk === undefined ? [] : [chunk, ...chunk.imports.flatMap(closureOf)]
  }

  test('holds nothing of the library, and no code that most tabs never need', () => {
    const code = loaded.map(chunk => chunk.code).join('\n')
    expect(code).toContain('CHANNEL_ERROR')
    expect(realtimeCode.test(code)).toBe(false)
    expect(httpCode.test(code)).toBe(false)
    expect([...chunks.values()].some(chunk => httpCode.test(chunk.code))).toBe(true)
  })

  test('is at most 13.2 kB, the client included', async () => {
    const texts = await Promise.all(
      loaded.map(async ({ fileName, code }) => (await minify(fileName, code, { module: true })).code),
    )
    expect(gzipSync(texts.join(''), { level: 9 }).length).toBeLessThanOrEqual(13_200)
  })
})

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, inject, test } from 'vitest'
import { inRoot } from '../../scripts/lib/paths.mjs'
import { runNode } from '../../scripts/lib/run.mjs'

const resolutions = [
  { module: 'esnext', moduleResolution: 'bundler' },
  { module: 'nodenext', moduleResolution: 'nodenext' },
]

test.for(resolutions)(
  'a tab with the right names compiles and each wrong one is refused ($moduleResolution)',
  options => expectToCompile({ ...options, lib: ['es2022', 'dom'] }, ['line.ts', 'register.ts', 'wrong.ts']),
)

test.for(resolutions)('a worker compiles ($moduleResolution)', options =>
  expectToCompile({ ...options, lib: ['es2022', 'webworker'] }, [
    'partyline.worker.ts',
    'pusher.worker.ts',
    'supabase.worker.ts',
  ]),
)

test.for(resolutions)('a service worker compiles ($moduleResolution)', options =>
  // Two of Workbox's own declarations are not as strict as an app may be.
  expectToCompile({ ...options, lib: ['es2022', 'webworker'], skipLibCheck: true }, ['sw.ts']),
)

test('tab and worker compile as one program, as in the templates of Vite', () =>
  expectToCompile({ ...resolutions[0], lib: ['es2022', 'dom'], skipLibCheck: true }, [
    'line.ts',
    'partyline.worker.ts',
  ]))

async function expectToCompile(compilerOptions: object, files: readonly string[]): Promise<void> {
  const folder = inject('consumer')
  const project = join(folder, `tsconfig.${crypto.randomUUID()}.json`)
  const options = { target: 'es2022', strict: true, noEmit: true, allowImportingTsExtensions: true, types: [] }
  await writeFile(project, JSON.stringify({ compilerOptions: { ...options, ...compilerOptions }, files }))
  const { output } = await runNode(inRoot('node_modules/typescript/bin/tsc'), ['-p', project], { cwd: folder })
  expect(output).toBe('')
}

import { readFile, writeFile } from 'node:fs/promises'
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

/** What an app has that the page does not show. */
const APP = `
interface Order { readonly id: number }
interface Message { readonly text: string }
declare const user: { readonly id: string; readonly name: string }
declare function renderNames(names: readonly string[]): void
declare function renderOrder(order: Order): void
declare function renderError(text: string | undefined): void
`

test('the examples in docs/channels.md compile, as one tab', async () => {
  const page = await readFile(inRoot('docs/channels.md'), 'utf8')
  const examples = Array.from(page.matchAll(/^```ts\n([^]*?)^```$/gm), ([, example = '']) => example)
  expect(examples.length).toBeGreaterThan(5)
  await writeFile(join(inject('consumer'), 'channels-page.ts'), [APP, ...examples].join('\n'))
  await expectToCompile({ ...resolutions[0], lib: ['es2022', 'dom'] }, ['channels-page.ts'])
})

async function expectToCompile(compilerOptions: object, files: readonly string[]): Promise<void> {
  const folder = inject('consumer')
  const project = join(folder, `tsconfig.${crypto.randomUUID()}.json`)
  const options = { target: 'es2022', strict: true, noEmit: true, allowImportingTsExtensions: true, types: [] }
  await writeFile(project, JSON.stringify({ compilerOptions: { ...options, ...compilerOptions }, files }))
  const { output } = await runNode(inRoot('node_modules/typescript/bin/tsc'), ['-p', project], { cwd: folder })
  expect(output).toBe('')
}

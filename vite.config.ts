import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const inRepository = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const app = inRepository('tests/support/app')

/** `partyline` stands for src, as it is. */
export const sourceAlias = [
  { find: /^partyline$/, replacement: inRepository('src/client/index.ts') },
  { find: /^partyline\/register$/, replacement: inRepository('src/client/register/index.ts') },
  { find: /^partyline\/sw$/, replacement: inRepository('src/sw/index.ts') },
  { find: /^partyline\/(socket-io|pusher|supabase)$/, replacement: inRepository('src/facades/$1/index.ts') },
  { find: /^partyline\/worker$/, replacement: inRepository('src/worker/index.ts') },
  { find: /^partyline\/worker\/(.+)$/, replacement: inRepository('src/worker/transports/$1.ts') },
]

/** The page that end-to-end tests open, built as a user's app would be. */
export default defineConfig({
  root: app,
  cacheDir: inRepository('.cache/vite'),
  worker: { format: 'es' },
  build: {
    outDir: inRepository('.cache/e2e-app'),
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: true,
    rolldownOptions: { input: pagesOf(app) },
  },
  resolve: {
    alias: sourceAlias,
  },
})

function pagesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.html'))
    .map(file => `${folder}/${file}`)
}

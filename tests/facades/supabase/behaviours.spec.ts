import { readFile } from 'node:fs/promises'
import { expect, test as base, type Page } from '@playwright/test'
import { inRoot } from '../../../scripts/lib/paths.mjs'
import { serveFolder } from '../../support/e2e/serve-folder.ts'
import { startSupabaseServer } from '../../support/servers/supabase/index.ts'
import { openSourceByHand } from '../../support/servers/supabase/source-by-hand.ts'
import { behaviours } from './behaviours/index.ts'
import { buildPages } from './support/build-pages.ts'
import { serverCalls } from './support/server-calls.ts'

type Library = 'original' | 'face'

interface Fixtures {
  /** Where the page with the behaviours is. */
  readonly pages: string
  /** Runs a behaviour; resolves with what was seen. */
  readonly observe: (name: string, library: Library) => Promise<unknown>
}

// Playwright reads from the first parameter what a fixture needs.
/* oxlint-disable no-empty-pattern */
const test = base.extend<object, Fixtures>({
  pages: [
    async ({}, use) => {
      const server = await serveFolder(await buildPages())
      await use(server.url)
      await server.close()
    },
    { scope: 'worker' },
  ],
  observe: [
    async ({ browser, pages }, use) => {
      const changes = openSourceByHand()
      const server = await startSupabaseServer({ changes })
      const at = { url: server.url, key: server.anonKey }
      const calls = serverCalls(server, changes) as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>
      const context = await browser.newContext()
      const open = async (): Promise<Page> => {
        const page = await context.newPage()
        await page.exposeFunction('callServer', (method: string, args: unknown[]) => calls[method]?.(...args))
        await page.goto(pages)
        return page
      }
      const opened: Readonly<Record<Library, Page>> = { original: await open(), face: await open() }
      await use((name, library) =>
        opened[library].evaluate(args => window.observeSupabase(...args), [name, library, at] as const),
      )
      await context.close()
      await server.close()
    },
    { scope: 'worker' },
  ],
})

for (const { name, differs } of behaviours)
  test(differs === undefined ? name : `${name} (differs)`, async ({ observe }) => {
    // One after the other: what is done to the server is done to everybody.
    const original = await observe(name, 'original')
    const face = await observe(name, 'face')
    if (differs === undefined) return expect(face).toEqual(original)
    expect(face).toEqual(differs.face)
    expect(face).not.toEqual(original)
  })

test('whatever differs stands in docs/migrate-supabase.md', async () => {
  const page = await readFile(inRoot('docs/migrate-supabase.md'), 'utf8')
  for (const { differs } of behaviours) if (differs !== undefined) expect(page).toContain(differs.why)
})

import { expect, test as base, type BrowserContext, type Page } from '@playwright/test'
import { serveFolder } from '../../support/e2e/serve-folder.ts'
import { startSupabaseServer, type SupabaseServer } from '../../support/servers/supabase/index.ts'
import { openSourceByHand, type SourceByHand } from '../../support/servers/supabase/source-by-hand.ts'
import { buildOriginal, buildWithFace } from './support/build-sample.ts'

interface Fixtures {
  readonly server: SupabaseServer
  readonly changes: SourceByHand
  /** Opens a tab of the sample app. */
  readonly open: (app: 'original' | 'face', params?: Readonly<Record<string, string>>) => Promise<Page>
}

interface WorkerFixtures {
  readonly running: {
    readonly server: SupabaseServer
    readonly changes: SourceByHand
    readonly original: string
    readonly face: string
  }
}

// Playwright reads from the first parameter what a fixture needs.
/* oxlint-disable no-empty-pattern */
const test = base.extend<Fixtures, WorkerFixtures>({
  running: [
    async ({}, use) => {
      const changes = openSourceByHand()
      const server = await startSupabaseServer({ changes })
      const original = await serveFolder(await buildOriginal())
      const face = await serveFolder(await buildWithFace(server))
      await use({ server, changes, original: original.url, face: face.url })
      await face.close()
      await original.close()
      await server.close()
    },
    { scope: 'worker' },
  ],
  server: ({ running }, use) => use(running.server),
  changes: ({ running }, use) => use(running.changes),
  open: ({ context, running }, use) =>
    use((app, params = {}) => openTab(context, running[app], { ...paramsOf(running.server), ...params })),
})

const paramsOf = ({ url, anonKey }: SupabaseServer) => ({ address: `${url}/realtime/v1`, key: anonKey, name: 'ann' })

async function openTab(context: BrowserContext, url: string, params: Readonly<Record<string, string>>): Promise<Page> {
  const page = await context.newPage()
  await page.goto(`${url}/?${new URLSearchParams(params)}`)
  return page
}

const screen = (page: Page) => page.locator('#screen')

for (const app of ['original', 'face'] as const)
  test(`five tabs of the sample app show the same with the ${app}`, async ({ open, server, changes }) => {
    const tabs = [await open(app), await open(app), await open(app), await open(app)]
    for (const tab of tabs) await expect(screen(tab)).toContainText('Rows: ok\nHere: ann')
    const late = await open(app)
    await expect(screen(late)).toContainText('Rows: ok\nHere: ann')
    const all = [...tabs, late]
    await tabs[1]?.click('#say')
    for (const tab of all) await expect(screen(tab)).toContainText('Said: hello')
    changes.insert('orders', { id: 7 })
    for (const tab of all)
      await expect(screen(tab)).toHaveText('Room: SUBSCRIBED\nRows: ok\nHere: ann\nSaid: hello\nOrders: 7')
    expect(server.connections()).toBe(app === 'face' ? 1 : 5)
    await late.click('#leave')
    await expect(screen(late)).toContainText('Room: CLOSED')
    server.broadcast('room', 'said', { text: 'bye' })
    for (const tab of tabs) await expect(screen(tab)).toContainText('Said: hello, bye')
    await expect(screen(late)).toContainText('Said: hello\n')
  })

test('other users of the same browser have a connection of their own', async ({ open, server }) => {
  const before = server.peakConnections()
  const tokens = [server.token({ sub: 'ann' }), server.token({ sub: 'bob' }), server.token({ sub: 'bob', n: 2 })]
  const tabs = await Promise.all(tokens.map((token, index) => open('face', { token, name: `user-${index}` })))
  await expect(screen(tabs[0] as Page)).toContainText('Room: SUBSCRIBED')
  await expect.poll(() => server.connections()).toBe(2)
  expect(before).toBeGreaterThan(0)
})

test('a tab whose user changes goes over to the connection of the other', async ({ open, server }) => {
  const [ann, bob] = [server.token({ sub: 'ann', n: 3 }), server.token({ sub: 'bob', n: 3 })]
  const other = await open('face', { token: bob, name: 'bob' })
  await expect(screen(other)).toContainText('Room: SUBSCRIBED')
  const tab = await open('face', { token: ann, next: bob, name: 'bob' })
  await expect.poll(() => [server.holders(ann), server.holders(bob)]).toEqual([1, 1])
  await tab.click('#change')
  // Their connection is one, and that of before goes when nobody needs it.
  await expect.poll(() => [server.holders(ann), server.holders(bob)], { timeout: 15_000 }).toEqual([0, 1])
  server.broadcast('room', 'said', { text: 'to bob' })
  await expect(screen(tab)).toContainText('Said: to bob')
})

test('a tab that names another server than the worker has hears so', async ({ open }) => {
  const tab = await open('face', { address: 'http://127.0.0.1:9/realtime/v1' })
  await expect(screen(tab)).toContainText(/Room: CHANNEL_ERROR the worker is connected to ws:.*, not to http:.*:9/)
})

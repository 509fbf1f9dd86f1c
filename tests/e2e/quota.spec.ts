import type { BrowserContext, Page } from '@playwright/test'
import { expect, test } from '../support/e2e/fixtures.ts'
import { openTab, scopeOf } from '../support/e2e/tab.ts'
import { killBroker } from '../support/faults/kill-broker.ts'

const ROOM_BYTES = 4_000_000
const MESSAGE_BYTES = 50_000

test('with the storage full a message is refused, those before it stay and go out, and the line stays open', async ({
  real: { context },
  appUrl,
  serve,
}) => {
  const server = await serve()
  await limitStorage(context, appUrl)
  const tab = await openTab(context, { appUrl, server: server.url })
  await server.close()
  await tab.waitForFunction(() => window.line.status === 'offline')
  const stored = await fill(tab)
  expect(stored).toBeGreaterThan(0)
  expect(await counts(tab)).toMatchObject({ waiting: stored, dead: 0 })

  const again = await serve({ port: server.port })
  await expect.poll(() => counts(tab)).toMatchObject({ waiting: 0, dead: 0 })
  expect(again.published.map(({ payload }) => (payload as { n: number }).n)).toEqual(
    Array.from({ length: stored }, (_, n) => n),
  )
  expect(await tab.evaluate(() => window.line.status)).toBe('open')
  // There is room again.
  expect(await outcomeOf(tab)).toBe('acknowledged')
})

test('a damaged page is a dead letter with its raw value, and everything else goes on', async ({
  real: { browser, context },
  appUrl,
  serve,
}) => {
  const server = await serve()
  const options = { appUrl, server: server.url }
  const tab = await openTab(context, options)
  await server.close()
  await tab.waitForFunction(() => window.line.status === 'offline')
  for (const n of [1, 2, 3]) await tab.evaluate(m => window.line.channel('orders').publish('say', { n: m }), n)
  await damage(tab, scopeOf(options), 2)
  // What it has in memory is as it was.
  await killBroker(browser)
  await tab.close()

  const again = await serve({ port: server.port })
  const later = await openTab(context, options)
  await expect.poll(() => again.published.map(({ payload }) => (payload as { n: number }).n)).toEqual([1, 3])
  await expect.poll(() => counts(later)).toMatchObject({ waiting: 0, dead: 1 })
  const [dead] = await later.evaluate(() => window.line.outbox.list({ state: 'dead' }))
  expect(dead).toMatchObject({
    body: { kind: 'damaged', raw: { seq: 2, lane: 42, entries: [{ body: { payload: { n: 2 } } }] } },
    died: { why: 'damaged', error: { code: 'bad-message' } },
  })
})

test('what is wrong with a message has an error of its own', async ({ context, appUrl, serve }) => {
  const server = await serve()
  const tab = await openTab(context, { appUrl, server: server.url })
  const codes = await tab.evaluate(async () => {
    const orders = window.line.channel('orders')
    const codeOf = (publishing: Promise<unknown>): Promise<unknown> =>
      publishing.then(
        () => 'published',
        (error: { code: unknown }) => error.code,
      )
    return {
      function: await codeOf(orders.publish('say', () => {})),
      large: await codeOf(orders.publish('say', 'x'.repeat(2_000_000))),
      option: await codeOf(orders.publish('say', 1, { lanes: 'chat' } as object)),
      lane: await codeOf(orders.publish('say', 1, { lane: 5 } as unknown as { lane: string })),
      right: await codeOf(orders.publish('say', 1, { lane: 'chat' })),
    }
  })
  expect(codes).toEqual({
    function: 'invalid-payload',
    large: 'message-too-large',
    option: 'bad-options',
    lane: 'bad-options',
    right: 'published',
  })
  expect(await tab.evaluate(() => window.line.status)).toBe('open')
})

/** Before anything is stored: Chromium remembers for a while how much room there is. */
async function limitStorage(context: BrowserContext, appUrl: string): Promise<void> {
  const page = await context.newPage()
  await page.goto(`${appUrl}/offline/nothing.html`)
  const session = await context.newCDPSession(page)
  await session.send('Storage.overrideQuotaForOrigin', { origin: appUrl, quotaSize: ROOM_BYTES })
}

/** Publishes until there is no room; returns how many were stored. */
function fill(tab: Page): Promise<number> {
  return tab.evaluate(async bytes => {
    for (let n = 0; ; n++) {
      try {
        // Random, or it would be compressed.
        const bulk = crypto.getRandomValues(new Uint8Array(bytes))
        await window.line.channel('orders').publish('say', { n, bulk })
      } catch (error) {
        const { code } = error as { code: unknown }
        if (code !== 'storage-full') throw new Error(`refused with ${String(code)}`, { cause: error })
        return n
      }
    }
  }, MESSAGE_BYTES)
}

function outcomeOf(tab: Page): Promise<string> {
  return tab.evaluate(async () => {
    const { settled } = await window.line.channel('orders').publish('say', { n: -1 })
    return (await settled).outcome
  })
}

function damage(tab: Page, scope: string, seq: number): Promise<void> {
  return tab.evaluate(
    ([name, which]) =>
      new Promise<void>((resolve, reject) => {
        const request = indexedDB.open(name)
        request.addEventListener('success', () => {
          const transaction = request.result.transaction('pages', 'readwrite')
          const pages = transaction.objectStore('pages')
          const page = pages.get(which)
          page.addEventListener('success', () => pages.put({ ...(page.result as object), lane: 42 }))
          transaction.addEventListener('complete', () => {
            request.result.close()
            resolve()
          })
          transaction.addEventListener('abort', () => reject(transaction.error ?? new Error('aborted')))
        })
      }),
    [`partyline:outbox:${scope}`, seq] as const,
  )
}

function counts(tab: Page): Promise<unknown> {
  return tab.evaluate(() => window.line.outbox.counts().catch(() => undefined))
}

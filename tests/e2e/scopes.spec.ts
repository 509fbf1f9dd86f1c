import { ALL_HOSTS, SHARING_HOSTS } from '../support/e2e/all-hosts.ts'
import { expect, test } from '../support/e2e/fixtures.ts'
import { leaderOf } from '../support/e2e/leader.ts'
import { brokersOf, ledgerOf, joined, numbersIn, openTab, reached, scopeOf, tabUrl } from '../support/e2e/tab.ts'

for (const { host } of ALL_HOSTS)
  test.describe(`with the broker on host ${host}`, () => {
    test('two scopes in one browser share nothing', async ({ context, appUrl, serve }) => {
      const server = await serve()
      const options = { appUrl, server: server.url, host } as const
      const ann = await openTab(context, { ...options, scope: 'ann' })
      const ben = await openTab(context, { ...options, scope: 'ben' })
      expect((await brokersOf([ann, ben])).size).toBe(2)
      expect(server.connections()).toBe(2)
      const stats = await ben.evaluate(() => window.line.stats())
      expect(stats.scope).toContain('ben@')
      expect(JSON.stringify(stats)).not.toContain('ann@')
      expect(stats.sessions.attached).toBe(1)
    })

    test('another user in one tab does not disturb the other tabs of the first', async ({ context, appUrl, serve }) => {
      const server = await serve()
      const options = { appUrl, server: server.url, host } as const
      const stays = await openTab(context, { ...options, scope: 'ann' })
      const changes = await openTab(context, { ...options, scope: 'ann' })
      await changes.goto(tabUrl({ ...options, scope: 'ben' }))
      await expect.poll(() => changes.evaluate(() => window.line.status)).toBe('open')
      await reached(stays, server.tick('orders'))
      expect((await ledgerOf(stays)).filter(({ kind }) => kind !== 'event')).toHaveLength(1)
      expect((await stays.evaluate(() => window.line.stats())).sessions.attached).toBe(1)
      expect(server.connections()).toBe(2)
    })
  })

for (const { host } of SHARING_HOSTS)
  test(`forget ends the line in all tabs of the scope, and in no other, on host ${host}`, async ({
    context,
    appUrl,
    serve,
  }) => {
    const server = await serve()
    const options = { appUrl, server: server.url, host } as const
    const signsOut = await openTab(context, { ...options, scope: 'ann' })
    const other = await openTab(context, { ...options, scope: 'ann' })
    const ben = await openTab(context, { ...options, scope: 'ben' })
    await signsOut.evaluate(() => window.line.forget())
    for (const tab of [signsOut, other])
      await expect
        .poll(() => tab.evaluate(() => [window.line.status, window.line.reason]))
        .toEqual(['closed', 'forgotten'])
    await expect.poll(() => server.connections()).toBe(1)
    await reached(ben, server.tick('orders'))
    await expect(other.evaluate(() => window.line.stats())).rejects.toThrow('forget')
  })

test('a tab that follows may end the line of all, round after round, and none of them elects another leader', async ({
  context,
  appUrl,
  serve,
}) => {
  const server = await serve()
  const tabs = await Promise.all(Array.from({ length: 4 }, () => context.newPage()))
  const states = (): Promise<unknown[]> =>
    Promise.all(tabs.map(tab => tab.evaluate(() => [window.line.status, window.line.reason])))
  for (let round = 1; round <= 6; round++) {
    const options = { appUrl, server: server.url, host: 'elected', scope: `round-${round}` } as const
    for (const tab of tabs) {
      await tab.goto(tabUrl(options))
      await joined(tab)
    }
    const leader = await leaderOf(tabs, scopeOf(options))
    expect(leader).toBe(tabs[0])
    const signsOut = tabs[1 + (round % 3)]
    await signsOut?.evaluate(() => window.line.forget())
    await expect.poll(states).toEqual(tabs.map(() => ['closed', 'forgotten']))
    await expect.poll(() => server.connections()).toBe(0)
    // What is left can bring nothing back.
    await expect.poll(() => leaderOf(tabs, scopeOf(options))).toBeUndefined()
    expect(tabs.flatMap(tab => tab.workers())).toEqual([])
    expect(server.joins).toHaveLength(round)
    // Nothing is wrong with calling it again.
    await signsOut?.evaluate(() => window.line.forget())
  }
})

test('whoever signs in again after forget starts anew', async ({ context, appUrl, serve }) => {
  const server = await serve()
  const options = { appUrl, server: server.url }
  const tab = await openTab(context, options)
  const other = await openTab(context, options)
  const [before] = await brokersOf([tab])
  await reached(other, server.tick('orders'))
  await tab.evaluate(() => window.line.forget())
  const again = await openTab(context, options)
  expect([...(await brokersOf([again]))]).not.toContain(before)
  const n = server.tick('orders')
  await reached(again, n)
  expect(numbersIn(await ledgerOf(again))).toEqual([n])
  expect(numbersIn(await ledgerOf(other))).toEqual([1])
  expect(server.connections()).toBe(1)
})

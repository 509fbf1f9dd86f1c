import type { Page } from '@playwright/test'
import { startPusherServer } from '../../support/servers/pusher/pusher-server.ts'
import { eventually } from '../../support/e2e/tab.ts'
import { expect, test } from './fixtures.ts'
import { serveRemote } from './server-remote.ts'

const TABS = 5
const NOTIFICATION = String.raw`Illuminate\Notifications\Events\BroadcastNotificationCreated`

for (const broadcaster of ['pusher', 'reverb'])
  test(`Laravel Echo, as it is, with broadcaster ${broadcaster} in ${TABS} tabs over one connection`, async ({
    context,
    pagesUrl,
  }) => {
    const server = await startPusherServer()
    const { remote, end } = serveRemote(server)
    server.auth.demandToken('right')
    server.auth.refuseChannel('private-forbidden')

    const tabs: Page[] = []
    for (let n = 0; n < TABS; n++) {
      const tab = await context.newPage()
      await tab.goto(`${pagesUrl}/echo.html?broadcaster=${broadcaster}&port=${server.port}`)
      tabs.push(tab)
    }
    const heard = (tab: Page | undefined): Promise<unknown[]> =>
      tab?.evaluate(() => window.echoHeard) ?? Promise.resolve([])
    /** In each of these tabs: what was heard of one kind. */
    const told = (what: string, of = tabs): Promise<unknown[][]> =>
      Promise.all(of.map(async tab => (await heard(tab)).filter(one => Array.isArray(one) && one[0] === what)))
    const each = (entry: unknown[], count = TABS): unknown[][] => Array.from({ length: count }, () => [entry])

    const ann = { name: 'The user ann' }
    const bob = { name: 'The user bob' }
    await eventually(() => told('public')).toEqual(each(['public']))
    await eventually(() => told('private')).toEqual(each(['private']))
    await eventually(() => told('here')).toEqual(each(['here', [ann]]))
    await eventually(async () => (await told('error')).map(one => one.length)).toEqual([1, 1, 1, 1, 1])
    expect((await told('error'))[0]).toMatchObject([['error', { type: 'AuthError', status: 403 }]])
    expect([server.connections(), server.peakConnections()]).toEqual([1, 1])
    expect(server.subscriptions.toSorted()).toEqual([
      'orders',
      'presence-floor',
      'private-App.Models.User.1',
      'private-kitchen.1',
    ])
    const ids = await Promise.all(
      tabs.map(tab => tab.evaluate(() => [window.echo.socketId(), window.echo.connectionStatus()])),
    )
    expect(new Set(ids.map(([id]) => id)).size).toBe(1)
    expect(new Set(ids.map(([, status]) => status))).toEqual(new Set(['connected']))

    await remote.trigger('orders', String.raw`App\Events\OrderShipped`, { id: 1 })
    await remote.trigger('private-kitchen.1', 'order.ready', { id: 2 })
    await remote.trigger('private-App.Models.User.1', NOTIFICATION, { text: 'soup is out' })
    await eventually(() => told('shipped')).toEqual(each(['shipped', { id: 1 }, {}]))
    await eventually(() => told('ready')).toEqual(each(['ready', { id: 2 }, {}]))
    await eventually(() => told('notification')).toEqual(each(['notification', { text: 'soup is out' }, {}]))

    server.auth.demandToken(undefined)
    await remote.join('bob', 'presence-floor')
    await eventually(() => told('joining')).toEqual(each(['joining', bob]))
    await remote.join('bob', 'private-kitchen.1')

    const [first, ...others] = tabs
    await first?.evaluate(() => window.echo.private('kitchen.1').whisper('typing', { who: 'ann' }))
    await eventually(() => told('typing', others)).toEqual(each(['typing', { who: 'ann' }, {}], TABS - 1))
    expect(await remote.heardBy('bob', 'private-kitchen.1', 'client-typing')).toEqual([{ who: 'ann' }])
    await first?.evaluate(() => window.echo.join('floor').whisper('waving', { n: 1 }))
    await eventually(() => told('waving', others)).toEqual(each(['waving', { n: 1 }, { user_id: 'ann' }], TABS - 1))
    await remote.whisper('bob', 'presence-floor', 'client-waving', { n: 2 })
    await eventually(() => told('waving', tabs.slice(0, 1))).toEqual([[['waving', { n: 2 }, { user_id: 'bob' }]]])

    await remote.leave('bob', 'presence-floor')
    await eventually(() => told('leaving')).toEqual(each(['leaving', bob]))

    await first?.evaluate(() => window.echo.leave('orders'))
    await remote.trigger('orders', String.raw`App\Events\OrderShipped`, { id: 3 })
    await eventually(async () => (await told('shipped', others)).map(one => one.length)).toEqual([2, 2, 2, 2])
    expect(await told('shipped', tabs.slice(0, 1))).toEqual([[['shipped', { id: 1 }, {}]]])
    const left = (): string[] => server.unsubscriptions.filter(name => name === 'orders')
    expect(left()).toEqual([])
    for (const tab of others) await tab.evaluate(() => window.echo.leave('orders'))
    await eventually(left).toEqual(['orders'])

    // Others have a connection of their own: bob.
    expect(server.connections()).toBe(2)
    await first?.evaluate(() => window.echo.disconnect())
    await remote.trigger('private-kitchen.1', 'order.ready', { id: 4 })
    await eventually(async () => (await told('ready', others)).map(one => one.length)).toEqual([2, 2, 2, 2])
    expect(await first?.evaluate(() => window.echo.connectionStatus())).toBe('disconnected')
    end()
    await server.close()
  })

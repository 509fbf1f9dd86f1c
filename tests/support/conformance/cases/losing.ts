import { expect } from 'vitest'
import { waitFor } from '../../line/wait-for.ts'
import type { Case } from '../case.ts'
import { connections } from './looking.ts'

/** So soon is a silent connection found out; the tests' servers ping by the second. */
const HALF_OPEN_MS = 15_000

/** Longer than a case may take. */
const NOT_BY_ITSELF_MS = 600_000

/** The end of the connection, and what becomes of the time without one. */
export const losing: readonly Case[] = [
  {
    name: 'lost: a cut is told once as `network`, and the link can be opened again',
    async run({ server, openLink, channel }) {
      const { open, join, lost, ofType, events, told } = await openLink(channel)
      await server.cut()
      expect(await lost()).toMatchObject({ kind: 'network' })
      await open()
      await join(channel)
      await server.emit(channel, 'said', 'again')
      await waitFor(() => events(channel).length === 1, 'the event')
      expect(ofType('lost')).toHaveLength(1)
      expect(told.findIndex(({ type }) => type === 'event')).toBeGreaterThan(0)
    },
  },
  {
    name: 'lost: the line comes back by itself, over one connection',
    async run({ server, line, channel }) {
      const tab = await line().joinedTab(channel)
      for (const word of ['first', 'second']) {
        const offline = tab.hears('offline')
        const open = tab.hears('open')
        await server.cut()
        await offline
        await open
        await tab.rejoined(channel)
        await server.emit(channel, 'said', word)
        await waitFor(() => tab.payloads().includes(word), `the ${word} event`)
      }
      expect(server.connections()).toBe(1)
    },
  },
  {
    name: 'half-open: a connection that has gone silent is found out',
    needs: ['ping', 'a silent network'],
    async run({ server, openLink, channel }) {
      const { lost, link } = await openLink(channel)
      await server.silence?.()
      expect(await lost(HALF_OPEN_MS)).toMatchObject({ kind: 'network' })
      link.close()
      await server.heal?.()
      await connections(server, 0)
    },
  },
  {
    name: 'half-open: the line goes offline, and comes back when the network does',
    needs: ['ping', 'a silent network'],
    async run({ server, line, channel }) {
      const tab = await line().joinedTab(channel)
      const offline = tab.hears('offline', 'network')
      const open = tab.hears('open')
      await server.silence?.()
      await offline
      await server.heal?.()
      await open
      await tab.rejoined(channel)
      await server.emit(channel, 'said', 'healed')
      await waitFor(() => tab.payloads().includes('healed'), 'the event')
      await connections(server, 1)
    },
  },
  {
    name: 'restart: is told as `server-restart`, for which the tabs spread',
    needs: ['a restart'],
    async run({ server, openLink, line, channel }) {
      const { lost } = await openLink(channel)
      const tab = await line().joinedTab(channel)
      const offline = tab.hears('offline', 'server-restart')
      const open = tab.hears('open')
      await server.restart?.()
      expect(await lost()).toMatchObject({ kind: 'server-restart' })
      await offline
      await open
    },
  },
  {
    name: 'dismissed: is told as `server-closed`, and the line comes back',
    needs: ['a dismissal'],
    async run({ server, openLink, line, channel }) {
      const { lost } = await openLink(channel)
      const tab = await line().joinedTab(channel)
      const offline = tab.hears('offline', 'server-closed')
      const open = tab.hears('open')
      await server.dismiss?.()
      expect(await lost()).toMatchObject({ kind: 'server-closed' })
      await offline
      await open
    },
  },
  {
    name: 'recovery: what was missed comes once, in order, after `recovered`',
    needs: ['recovery'],
    async run({ server, line, channel }) {
      const tab = await line().joinedTab(channel)
      await server.emit(channel, 'said', 1)
      await waitFor(() => tab.story(channel).includes(1), 'the first event')
      await server.cut()
      for (const n of [2, 3, 4]) await server.emit(channel, 'said', n)
      await waitFor(() => tab.story(channel).includes(4), 'what was missed')
      await server.emit(channel, 'said', 5)
      await waitFor(() => tab.story(channel).includes(5), 'the next event')
      expect(tab.story(channel)).toEqual([1, 'recovered', 2, 3, 4, 5])
    },
  },
  {
    name: 'honest gap: after a cut the tab hears before the next event whether any is missing, and none is doubled',
    async run({ server, line, channel, other }) {
      const tab = await line({ backoffMaxMs: NOT_BY_ITSELF_MS }).joinedTab(channel, other)
      await server.emit(channel, 'said', 1)
      await waitFor(() => tab.story(channel).includes(1), 'the first event')
      const [offline, open] = [tab.hears('offline'), tab.hears('open')]
      // As the browser's network goes: no attempt until it is back.
      await tab.ask({ op: 'signal', signal: 'offline' })
      await server.cut()
      await offline
      await connections(server, 0)
      for (const n of [2, 3]) await server.emit(channel, 'said', n)
      await tab.ask({ op: 'signal', signal: 'online' })
      await open
      await tab.rejoined(channel)
      await tab.rejoined(other)
      await server.emit(channel, 'said', 4)
      await server.emit(other, 'said', 'quiet till now')
      await waitFor(() => tab.story(channel).includes(4) && tab.story(other).length === 2, 'the next events')
      const isMissing = !tab.story(channel).includes(2)
      expect(tab.story(channel)).toEqual(
        isMissing ? [1, expect.stringMatching(/^(gap|unknown)$/), 4] : [1, 'recovered', 2, 3, 4],
      )
      expect(tab.story(other)).toEqual([expect.stringMatching(/^(recovered|unknown)$/), 'quiet till now'])
    },
  },
  {
    name: 'a lesser way: where the best is barred the line opens all the same and says `degraded`, and again when it is not',
    needs: ['a lesser way'],
    async run({ server, line, channel }) {
      server.barBestWay?.(true)
      const tab = await line().joinedTab(channel)
      await tab.notice('status', ({ status, degraded }) => status === 'open' && degraded === true)
      await server.emit(channel, 'said', 'slowly')
      await waitFor(() => tab.payloads().includes('slowly'), 'the event')
      server.barBestWay?.(false)
      await waitFor(
        () => {
          const last = tab.notices('status').at(-1)
          return last?.status === 'open' && last.degraded !== true
        },
        'the best way',
        20_000,
      )
      await tab.rejoined(channel)
      await server.emit(channel, 'said', 'quickly')
      await waitFor(() => tab.payloads().includes('quickly'), 'the event')
      await connections(server, 1)
    },
  },
]

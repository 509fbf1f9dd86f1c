import { expect } from 'vitest'
import { fromChannelId, toChannelId } from '../../../../src/protocol/index.ts'
import { UpstreamError } from '../../../../src/worker/upstream/transport.ts'
import { waitFor } from '../../line/wait-for.ts'
import type { Case } from '../case.ts'
import { failure } from './looking.ts'

/** Joining and leaving. */
export const channels: readonly Case[] = [
  {
    name: 'join: resolves when events will come, of this channel and no other',
    async run({ server, openLink, channel, other }) {
      const { join, events, ofType } = await openLink(channel)
      await server.emit(other, 'said', 'not for us')
      await server.emit(channel, 'said', 'for us')
      await waitFor(() => events(channel).length === 1, 'the event')
      expect(events(channel)).toMatchObject([{ channel, event: 'said', payload: 'for us' }])
      expect(events(other)).toEqual([])
      await join(other)
      await server.emit(other, 'said', 'now it is')
      await waitFor(() => events(other).length === 1, 'the event of the second channel')
      expect(ofType('event')).toHaveLength(2)
    },
  },
  {
    name: 'join: each tab gets what it wants, and a late one shares the join',
    async run({ server, line, channel, other }) {
      const { joinedTab, broker } = line()
      const [one, both] = [await joinedTab(channel), await joinedTab(channel, other)]
      await server.emit(channel, 'said', 1)
      await server.emit(other, 'said', 2)
      await waitFor(() => one.payloads().length === 1 && both.payloads().length === 2, 'the events')
      expect([one.payloads(), both.payloads()]).toEqual([[1], [1, 2]])
      expect(broker.stats().channels).toMatchObject([
        { channel, sessions: 2, state: 'joined' },
        { channel: other, sessions: 1, state: 'joined' },
      ])
    },
  },
  {
    name: 'join refused: rejects with `refused`; other channels go on',
    needs: ['a channel that is refused'],
    async run({ server, openLink, line, channel }) {
      const { forbidden = '' } = server.channels
      const { join, link, events } = await openLink(channel)
      expect(await failure(join(forbidden))).toMatchObject({ kind: 'refused' })
      link.leave(forbidden)
      const tab = await line().openTab({ wanted: [{ channel: forbidden }, { channel }] })
      const refused = await tab.notice('subscription', ({ state }) => state === 'refused')
      expect(refused).toMatchObject({ channel: forbidden, error: { code: 'join-refused', retryable: false } })
      await tab.notice('subscription', one => one.channel === channel && one.state === 'joined')
      await server.emit(channel, 'said', 'goes on')
      await waitFor(() => events(channel).length === 1 && tab.payloads().length === 1, 'the event')
      expect(server.connections()).toBe(2)
    },
  },
  {
    name: 'join: parameters that the transport does not know are refused, and nothing else happens',
    async run({ server, openLink, channel }) {
      const { link, events } = await openLink(channel)
      const { name, params } = fromChannelId(channel)
      const id = toChannelId({ name, params: { ...params, 'no such parameter': { at: ['all'] } } })
      const refusal = await failure(link.join(id, new AbortController().signal))
      expect(refusal).toBeInstanceOf(UpstreamError)
      expect(refusal).toMatchObject({ kind: 'refused' })
      link.leave(id)
      await server.emit(channel, 'said', 'goes on')
      await waitFor(() => events(channel).length > 0, 'the event')
    },
  },
  {
    name: 'leave: its events stop; others come',
    async run({ server, openLink, channel, other }) {
      const { link, events } = await openLink(channel, other)
      link.leave(channel)
      await waitFor(async () => {
        const [left, stayed] = [events(channel).length, events(other).length]
        await server.emit(channel, 'said', 'left')
        await server.emit(other, 'said', 'stayed')
        await waitFor(() => events(other).length > stayed, 'the event of the channel that stayed')
        return events(channel).length === left
      }, 'the leave')
    },
  },
  {
    name: 'leave: may come at any time, and a channel can be joined again',
    async run({ server, link, channel }) {
      const { link: bare, open, join, events } = link()
      bare.leave(channel)
      await open()
      bare.leave(channel)
      const joining = join(channel)
      bare.leave(channel)
      await joining.catch(() => undefined)
      await join(channel)
      await server.emit(channel, 'said', 'back')
      await waitFor(() => events(channel).length === 1, 'the event')
      bare.close()
      bare.leave(channel)
    },
  },
  {
    name: 'leave: the last tab that leaves ends the connection, a later one makes it anew',
    async run({ server, line, channel }) {
      const { joinedTab, openTab } = line()
      const tab = await joinedTab(channel)
      await tab.ask({ op: 'unsubscribe', channel })
      await waitFor(() => server.connections() === 0, 'no connection')
      const late = await openTab({ wanted: [{ channel }] })
      await late.notice('subscription', ({ state }) => state === 'joined')
      await server.emit(channel, 'said', 'back')
      await waitFor(() => late.payloads().length === 1, 'the event')
      expect(tab.payloads()).toEqual([])
    },
  },
  {
    name: 'history: whoever joins gets what came last',
    needs: ['history', 'a channel with history'],
    async run({ server, openLink }) {
      const { history = '' } = server.channels
      const early = await openLink(history)
      await server.emit(history, 'said', 'before')
      await waitFor(() => early.events(history).length === 1, 'the event')
      const late = await openLink(history)
      await waitFor(() => late.payloads(history).includes('before'), 'what came before')
    },
  },
  {
    name: 'history: what came with the join comes to a late tab with `replay`',
    needs: ['history', 'a channel with history'],
    async run({ server, line, openLink }) {
      const { history = '' } = server.channels
      const witness = await openLink(history)
      await server.emit(history, 'said', 'before')
      await waitFor(() => witness.events(history).length === 1, 'the event')
      const { openTab } = line()
      const early = await openTab({ wanted: [{ channel: history }] })
      await waitFor(() => early.payloads().includes('before'), 'what came before')
      const late = await openTab({ wanted: [{ channel: history, replay: 1 }] })
      await waitFor(() => late.payloads().length > 0, 'what came before')
      await server.emit(history, 'said', 'after')
      await waitFor(() => late.payloads().length > 1, 'what came after')
      expect(late.payloads()).toEqual(['before', 'after'])
    },
  },
  {
    name: 'filters: the server sends what passes and nothing else',
    needs: ['filters', 'a filtered channel'],
    async run({ server, openLink }) {
      const { channel, emit } = server.filtered ?? expect.unreachable()
      const { events } = await openLink(channel)
      for (const passes of [false, true, false, true]) await emit(passes)
      await waitFor(() => events(channel).length >= 2, 'what passes')
      expect(events(channel)).toHaveLength(2)
    },
  },
]

import { expect } from 'vitest'
import { UpstreamError } from '../../../../src/worker/upstream/transport.ts'
import { waitFor } from '../../line/wait-for.ts'
import type { Case } from '../case.ts'
import { connections, failure } from './looking.ts'

const LIMIT_MS = 600
/** A timer may come so much too early. */
const TIMER_MS = 5

/** Making the one connection, and what keeps it from being made. */
export const connecting: readonly Case[] = [
  {
    name: 'open: resolves once the server has accepted; close ends it without `lost`; it can be opened again',
    async run({ server, link }) {
      const { open, link: bare, told } = link()
      await open()
      await connections(server, 1)
      bare.close()
      bare.close()
      await connections(server, 0)
      await open()
      await connections(server, 1)
      expect(told.filter(({ type }) => type === 'lost')).toEqual([])
    },
  },
  {
    name: 'open: several tabs and channels share one connection',
    async run({ server, line, channel, other }) {
      const { joinedTab, broker } = line()
      await Promise.all([joinedTab(channel), joinedTab(channel, other), joinedTab(other)])
      expect(server.connections()).toBe(1)
      expect(broker.stats()).toMatchObject({ connection: { state: 'open', opened: 1 }, sessions: { attached: 3 } })
    },
  },
  {
    name: 'refused: open rejects with `credentials` and leaves no connection behind',
    needs: ['refused credentials'],
    async run({ server, link }) {
      server.refuseCredentials?.(true)
      const { open, told } = link()
      expect(await failure(open())).toMatchObject({ kind: 'credentials' })
      await connections(server, 0)
      server.refuseCredentials?.(false)
      await open()
      await connections(server, 1)
      expect(told).toEqual([])
    },
  },
  {
    name: 'refused: the line is blocked, makes no further attempt, and opens with new credentials',
    needs: ['refused credentials'],
    async run({ server, line, channel }) {
      server.refuseCredentials?.(true)
      const { openTab, broker } = line()
      const tab = await openTab({ wanted: [{ channel }] })
      await tab.notice('status', ({ status, reason }) => status === 'blocked' && reason === 'credentials-refused')
      await connections(server, 0)
      server.refuseCredentials?.(false)
      expect(broker.stats().connection.state).toBe('blocked')
      await tab.ask({ op: 'signal', signal: 'visible' })
      await tab.notice('subscription', ({ state }) => state === 'joined')
    },
  },
  {
    name: 'rate limited: open rejects with the time to wait, if the server tells it, and the line keeps to it',
    needs: ['a rate limit'],
    async run({ server, link, line, channel }) {
      const { toldRetryAfterMs: toldMs = LIMIT_MS } = server
      const waitMs = toldMs === 'never' ? LIMIT_MS : toldMs
      // A server may tell how much is left of it.
      const until = performance.now() + waitMs
      server.limitRate?.(LIMIT_MS)
      const error = await failure(link().open())
      expect(error).toMatchObject({ kind: 'rate-limited' })
      expect((error as UpstreamError).retryAfterMs).toSatisfy((ms: number | undefined) =>
        toldMs === 'never' ? ms === undefined : ms !== undefined && ms > 0 && ms <= toldMs,
      )
      await connections(server, 0)
      // So long it waits where it was told nothing.
      const tab = await line({ backoffMaxMs: LIMIT_MS }).openTab({ wanted: [{ channel }] })
      await tab.notice('status', ({ reason }) => reason === 'rate-limited')
      server.limitRate?.(undefined)
      await tab.notice('subscription', ({ state }) => state === 'joined')
      expect(performance.now()).toBeGreaterThan(until - TIMER_MS)
    },
  },
  {
    name: 'close while opening: an aborted attempt rejects, leaves no connection and tells nothing',
    async run({ server, link }) {
      const { open, told } = link()
      const abort = new AbortController()
      const opening = open({ signal: abort.signal })
      abort.abort(new UpstreamError('network', 'given up'))
      expect(await failure(opening)).toBeInstanceOf(UpstreamError)
      await connections(server, 0)
      await open()
      await connections(server, 1)
      expect(told).toEqual([])
    },
  },
  {
    name: 'close while opening: also where the network says nothing',
    needs: ['a silent network'],
    async run({ server, link }) {
      await server.silence?.()
      const { open, told } = link()
      const abort = new AbortController()
      const opening = open({ signal: abort.signal })
      setTimeout(() => abort.abort(new UpstreamError('network', 'given up')), 100)
      expect(await failure(opening)).toBeInstanceOf(UpstreamError)
      await server.heal?.()
      await connections(server, 0)
      expect(told).toEqual([])
    },
  },
  {
    name: 'nothing after close: what the server still sends is told to nobody',
    async run({ server, openLink, channel }) {
      const closed = await openLink(channel)
      const witness = await openLink(channel)
      await server.emit(channel, 'said', 'before')
      await waitFor(() => closed.events(channel).length === 1, 'the first event')
      closed.link.close()
      const before = closed.told.length
      await server.emit(channel, 'said', 'after')
      await waitFor(() => witness.events(channel).length === 2, 'the second event')
      await connections(server, 1)
      expect(closed.told.slice(before)).toEqual([])
    },
  },
]

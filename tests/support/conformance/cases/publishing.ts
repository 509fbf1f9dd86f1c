import { expect } from 'vitest'
import { PartylineError } from '../../../../src/protocol/index.ts'
import { UpstreamError } from '../../../../src/worker/upstream/transport.ts'
import { waitFor } from '../../line/wait-for.ts'
import type { Case } from '../case.ts'
import type { RigTab } from '../rig.ts'
import { failure, plainEvent, publish, upTo } from './looking.ts'

/** Messages on their way to the server. */
export const publishing: readonly Case[] = [
  {
    name: 'publish: arrives with its channel, event and payload',
    async run({ server, openLink, line, channel }) {
      const event = plainEvent(server)
      const link = await openLink(channel)
      await publish(link, { channel, event, payload: { from: 'link' } })
      const tab = await line().joinedTab(channel)
      await send(tab, { id: 1, channel, event, payload: { from: 'tab' } })
      await waitFor(() => server.received().length === 2, 'both messages')
      expect(server.received()).toEqual([
        { channel, event, payload: { from: 'link' } },
        { channel, event, payload: { from: 'tab' } },
      ])
    },
  },
  {
    name: 'publish: the receipt tells what the server answered',
    needs: ['acknowledgement'],
    async run({ server, line, channel }) {
      const tab = await line().joinedTab(channel)
      await send(tab, { id: 1, channel, event: plainEvent(server), payload: { table: 4 } })
      expect(await outcome(tab, 1)).toMatchObject({ stage: 'acknowledged' })
      expect(server.received()).toHaveLength(1)
    },
  },
  {
    name: 'publish: without acknowledgements it resolves when it was handed over',
    needs: ['no acknowledgement'],
    async run({ server, openLink, line, channel }) {
      const event = plainEvent(server)
      expect(await publish(await openLink(channel), { channel, event, payload: 1 })).toBe(undefined)
      const tab = await line().joinedTab(channel)
      await send(tab, { id: 1, channel, event, payload: 2 })
      await outcome(tab, 1)
      await waitFor(() => server.received().length === 2, 'both messages')
      expect(tab.notices('receipt').map(({ stage }) => stage)).toEqual(['sent', 'acknowledged'])
    },
  },
  {
    name: 'publish: of one that the server does not acknowledge nobody says that it arrived, or that it was refused',
    needs: ['acknowledgement', 'a message that is not acknowledged'],
    async run({ server, openLink, line, channel }) {
      const event = server.events?.silent ?? ''
      const link = await openLink(channel)
      let settled: unknown
      const published = publish(link, { channel, event, payload: 1 })
      published.then(
        () => (settled = 'resolved'),
        (error: unknown) => (settled = error),
      )
      const tab = await line().joinedTab(channel)
      await send(tab, { id: 1, channel, event, payload: 1, timeoutMs: 300 })
      expect(await outcome(tab, 1)).toMatchObject({ stage: 'failed', error: { code: 'unconfirmed' } })
      expect(server.received()).toHaveLength(2)
      expect(settled).toSatisfy(is => is === undefined || (is as UpstreamError).kind === 'network')
    },
  },
  {
    name: 'publish: what was under way when the connection went is `unconfirmed`',
    needs: ['acknowledgement', 'a message that is not acknowledged'],
    async run({ server, line, channel }) {
      const tab = await line().joinedTab(channel)
      await send(tab, { id: 1, channel, event: server.events?.silent ?? '', payload: 1 })
      await waitFor(() => server.received().length === 1, 'the message')
      await server.cut()
      expect(await outcome(tab, 1)).toMatchObject({ stage: 'failed', error: { code: 'unconfirmed' } })
      await tab.rejoined(channel)
      expect(server.received()).toHaveLength(1)
    },
  },
  {
    name: 'publish refused: rejects with `refused`, the tab hears `rejected`, and what follows goes through',
    needs: ['a message that is refused'],
    async run({ server, openLink, line, channel }) {
      const [event, refused] = [plainEvent(server), server.events?.refused ?? '']
      const link = await openLink(channel)
      expect(await failure(publish(link, { channel, event: refused, payload: 1 }))).toMatchObject({ kind: 'refused' })
      await publish(link, { channel, event, payload: 2 })
      const tab = await line().joinedTab(channel)
      await send(tab, { id: 1, channel, event: refused, payload: 3 })
      await send(tab, { id: 2, channel, event, payload: 4 })
      expect(await outcome(tab, 1)).toMatchObject({ stage: 'failed', error: { code: 'rejected', retryable: false } })
      await waitFor(() => server.received().some(({ payload }) => payload === 4), 'the next message')
    },
  },
  {
    name: 'publish: throws when no connection is open, and sends nothing later',
    async run({ server, link, channel }) {
      const recorded = link()
      const message = { channel, event: plainEvent(server), payload: 'too early' }
      expect(() => void publish(recorded, message).catch(() => undefined)).toThrow(UpstreamError)
      await recorded.open()
      await recorded.join(channel)
      await publish(recorded, { ...message, payload: 'in time' })
      await waitFor(() => server.received().length > 0, 'the message')
      recorded.link.close()
      expect(() => void publish(recorded, message).catch(() => undefined)).toThrow(UpstreamError)
      expect(server.received()).toMatchObject([{ payload: 'in time' }])
    },
  },
  {
    name: 'publish: what cannot be sent at all is refused at once, and nothing else suffers',
    async run({ server, openLink, channel }) {
      const link = await openLink(channel)
      const event = plainEvent(server)
      const cycle: { self?: unknown } = {}
      cycle.self = cycle
      const attempt = async (): Promise<unknown> => publish(link, { channel, event, payload: cycle })
      expect(await failure(attempt())).toMatchObject({ name: PartylineError.name, code: 'invalid-payload' })
      await publish(link, { channel, event, payload: 'well' })
      await waitFor(() => server.received().length === 1, 'the message')
      expect(server.received()).toMatchObject([{ payload: 'well' }])
    },
  },
  {
    name: 'publish: messages arrive in the order in which they were asked',
    async run({ server, openLink, channel }) {
      const link = await openLink(channel)
      const event = plainEvent(server)
      await Promise.all(upTo(200).map(payload => publish(link, { channel, event, payload })))
      await waitFor(() => server.received().length === 200, 'all messages')
      expect(server.received().map(({ payload }) => payload)).toEqual(upTo(200))
    },
  },
  {
    name: 'batch: several messages go as one, in order, and each has its own result',
    needs: ['batches', 'a message that is refused'],
    async run({ server, openLink, channel }) {
      const { link } = await openLink(channel)
      const [event, refused = ''] = [plainEvent(server), server.events?.refused]
      const { signal } = new AbortController()
      const messages = [event, refused, event].map((name, index) => ({ channel, event: name, payload: index, signal }))
      const results = await Promise.allSettled(link.publishBatch?.(messages) ?? [])
      expect(results).toMatchObject([
        { status: 'fulfilled' },
        { status: 'rejected', reason: { kind: 'refused' } },
        { status: 'fulfilled' },
      ])
      expect(server.received().flatMap(one => (one.event === event ? [one.payload] : []))).toEqual([0, 2])
    },
  },
]

interface Sent {
  readonly id: number
  readonly channel: string
  readonly event: string
  readonly payload: unknown
  readonly timeoutMs?: number
}

function send(tab: RigTab, message: Sent): Promise<unknown> {
  return tab.ask({ op: 'publish', timeoutMs: 5_000, ...message })
}

function outcome(tab: RigTab, id: number): Promise<unknown> {
  return tab.notice('receipt', receipt => receipt.id === id && receipt.stage !== 'sent')
}

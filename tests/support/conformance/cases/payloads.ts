import { expect } from 'vitest'
import { waitFor } from '../../line/wait-for.ts'
import type { Case } from '../case.ts'
import type { Rig } from '../rig.ts'
import { plainEvent, publish, upTo } from './looking.ts'

/** What travels comes out as it went in, both ways. */
export const payloads: readonly Case[] = [
  {
    name: 'payloads: any JSON value',
    run: rig => thereAndBack(rig, ['', 0, false, [], {}, { a: [null, 1.5, { b: '' }] }, [[]], 'text']),
  },
  {
    name: 'unicode: of every plane, with controls and what JSON escapes',
    run: rig =>
      thereAndBack(rig, [
        'žluťoučký kůň',
        '日本語 العربية עברית',
        '👩‍👩‍👧‍👦 𝒳',
        '\u0000\u0007\u2028\u2029\ufeff',
        { '🔑 k\u0000y': '"\\/\b\f\n\r\t' },
      ]),
  },
  {
    name: 'large: as large as the server takes',
    async run(rig) {
      const { maxPayloadBytes = 1_000_000 } = rig.server
      await thereAndBack(rig, ['x'.repeat(maxPayloadBytes - 2), 'and a small one'])
    },
  },
  {
    name: 'binary: bytes stay bytes',
    needs: ['binary'],
    async run({ server, openLink, channel }) {
      const link = await openLink(channel)
      const bytes = Uint8Array.from({ length: 1_000 }, (_, index) => index % 256)
      await server.emit(channel, 'said', bytes)
      await waitFor(() => link.events(channel).length === 1, 'the bytes')
      expect(toBytes(link.payloads(channel)[0])).toEqual([...bytes])
      await publish(link, { channel, event: plainEvent(server), payload: bytes })
      await waitFor(() => server.received().length === 1, 'the bytes at the server')
      expect(toBytes(server.received()[0]?.payload)).toEqual([...bytes])
    },
  },
  {
    name: 'order: many events in a burst arrive in order, each once, in every tab',
    async run({ server, line, channel }) {
      const { joinedTab } = line()
      const tabs = [await joinedTab(channel), await joinedTab(channel)]
      await Promise.all(upTo(1_000).map(n => server.emit(channel, 'said', n)))
      await waitFor(() => tabs.every(tab => tab.payloads().length >= 1_000), 'all events')
      for (const tab of tabs) expect(tab.payloads()).toEqual(upTo(1_000))
    },
  },
]

async function thereAndBack({ server, openLink, channel }: Rig, values: readonly unknown[]): Promise<void> {
  const link = await openLink(channel)
  for (const value of values) await server.emit(channel, 'said', value)
  await waitFor(() => link.events(channel).length === values.length, 'all events')
  expect(link.payloads(channel)).toEqual(values)
  for (const payload of values) await publish(link, { channel, event: plainEvent(server), payload })
  await waitFor(() => server.received().length === values.length, 'all messages')
  expect(server.received().map(({ payload }) => payload)).toEqual(values)
}

/** Libraries differ in what they make of bytes. */
function toBytes(value: unknown): readonly number[] {
  if (value instanceof ArrayBuffer) return [...new Uint8Array(value)]
  if (ArrayBuffer.isView(value)) return [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]
  return expect.unreachable(`${String(value)} is not bytes`)
}

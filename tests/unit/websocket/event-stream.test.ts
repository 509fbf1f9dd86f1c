import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventStreamReader, type StreamBlock } from '../../../src/worker/transports/websocket-event-stream.ts'

const MAX = 1_000

function readAll(text: string, cuts: readonly number[] = []): readonly StreamBlock[] {
  const reader = new EventStreamReader(MAX)
  const ends = [...cuts.map(cut => cut % (text.length + 1)), text.length].toSorted((a, b) => a - b)
  return ends.flatMap((end, index) => reader.read(text.slice(ends[index - 1] ?? 0, end)).blocks)
}

test.each([
  ['data: one\n\n', [{ data: 'one', lastEventId: '' }]],
  ['data:one\ndata: two\n\n', [{ data: 'one\ntwo', lastEventId: '' }]],
  ['\uFEFFdata: one\n\n', [{ data: 'one', lastEventId: '' }]],
  [': comment\n\ndata: one\n\n', [{ data: 'one', lastEventId: '' }]],
  ['id: 7\ndata: one\n\ndata: two\n\n', ['one', 'two'].map(data => ({ data, lastEventId: '7' }))],
  ['id: 7\n\ndata: one\nid\n\n', [{ data: 'one', lastEventId: '' }]],
  ['event: other\nretry: 5\nunknown: x\ndata: one\n\n', [{ data: 'one', lastEventId: '' }]],
  ['data:  two spaces\n\n', [{ data: ' two spaces', lastEventId: '' }]],
  ['data\n\n', [{ data: '', lastEventId: '' }]],
  ['data: cut off\n', []],
])('%j is read as %j', (text, blocks) => {
  expect(readAll(text)).toEqual(blocks)
})

test('lines end as they like, and pieces where they like', () => {
  const line = fc.string({ unit: fc.constantFrom('a', ' ', ':', 'é', '💡') })
  const end = fc.constantFrom('\n', '\r\n')
  fc.assert(
    fc.property(fc.array(fc.array(line, { minLength: 1 })), end, fc.array(fc.nat()), (events, eol, cuts) => {
      const text = events.map(lines => lines.map(one => `data: ${one}${eol}`).join('') + eol).join('')
      expect(readAll(text, cuts).map(({ data }) => data)).toEqual(events.map(lines => lines.join('\n')))
    }),
  )
})

test('a carriage return alone ends a line, too', () => {
  expect(readAll('data: one\r\rdata: two\r\r\n').map(({ data }) => data)).toEqual(['one', 'two'])
})

test('an event that is too large is left out and counted, and the next is read', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.boolean(), (cuts, isOneLine) => {
      const large = isOneLine ? `data: ${'x'.repeat(MAX * 3)}\n\n` : `${`data: ${'x'.repeat(99)}\n`.repeat(20)}\n`
      const text = `data: one\n\n${large}data: two\n\n`
      const reader = new EventStreamReader(MAX)
      const ends = [...cuts.map(cut => cut % text.length), text.length].toSorted((a, b) => a - b)
      const read = ends.map((end, index) => reader.read(text.slice(ends[index - 1] ?? 0, end)))
      expect(read.flatMap(({ blocks }) => blocks.map(({ data }) => data))).toEqual(['one', 'two'])
      expect(read.reduce((sum, { tooLarge }) => sum + tooLarge, 0)).toBe(1)
    }),
  )
})

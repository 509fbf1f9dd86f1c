import { expect, test } from 'vitest'
import type { LastWord, Mark } from '../../src/protocol/index.ts'
import { lastWordsOn } from '../../src/worker/routing/last-words.ts'

const mark = (epoch: string, n: number): Mark => ({ epoch, n })
const word = (one: string | undefined, marks: readonly Mark[], channel = 'orders'): LastWord => ({
  marks,
  wanted: [{ channel, deliver: 'one', resume: { moved: false, one } }],
})

test('what was said of the channel counts, each with the marks of whoever said it', () => {
  const marks = [mark('a', 1)]
  const lastWords = [word('p3', [mark('a', 2)]), word('p9', [mark('a', 2)], 'floor'), word(undefined, [mark('a', 4)])]
  expect(lastWordsOn('orders', { marks, lastWords })).toEqual([
    { one: 'p3', marks: [mark('a', 2)] },
    { one: undefined, marks: [mark('a', 4)] },
  ])
})

test('of a tab that had another broker it does not: its connection may have been ahead', () => {
  const lastWords = [word('p3', [mark('b', 2)]), word('p4', [mark('a', 1), mark('b', 3)]), word('p5', [])]
  expect(lastWordsOn('orders', { marks: [mark('a', 1)], lastWords })).toEqual([])
  expect(lastWordsOn('orders', { marks: [], lastWords })).toEqual([])
  expect(lastWordsOn('orders', { lastWords })).toEqual([])
})

test('where nobody has left there is nothing', () => {
  expect(lastWordsOn('orders', { marks: [mark('a', 1)] })).toEqual([])
})

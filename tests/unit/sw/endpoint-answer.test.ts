import { expect, test } from 'vitest'
import { parseEndpointAnswer } from '../../../src/sw/drain/endpoint-answer.ts'

test('each message has its outcome, and a reason where the server gives one', () => {
  const results = [
    { key: 'a', outcome: 'acknowledged', more: 'ignored' },
    { key: 'b', outcome: 'rejected', error: 'no such table' },
    { key: 'c', outcome: 'retry', error: 3 },
  ]
  expect([...parseEndpointAnswer({ results })]).toEqual([
    ['a', { outcome: 'acknowledged', error: undefined }],
    ['b', { outcome: 'rejected', error: 'no such table' }],
    ['c', { outcome: 'retry', error: undefined }],
  ])
})

test.each([
  [undefined, 'results is undefined'],
  [[], 'results is undefined'],
  [{ results: {} }, 'results is object'],
  [{ results: [null] }, 'results[0].key is undefined'],
  [
    {
      results: [
        { key: 'a', outcome: 'acknowledged' },
        { key: 'b', outcome: 'ok' },
      ],
    },
    'results[1].outcome',
  ],
])('%j is refused with what is wrong', (raw, what) => {
  expect(() => parseEndpointAnswer(raw)).toThrow(
    expect.objectContaining({ code: 'bad-message', message: expect.stringContaining(what) as string }),
  )
})

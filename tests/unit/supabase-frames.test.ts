import fc from 'fast-check'
import { RealtimeClient } from '@supabase/realtime-js'
import { describe, expect, test } from 'vitest'
import { readFrame, readMessage } from '../../src/worker/transports/supabase-frames.ts'

const { serializer } = new RealtimeClient('ws://localhost', {
  params: { apikey: 'key' },
  // Never connected.
  transport: Object as never,
})

function decode(raw: unknown): unknown {
  let decoded: unknown
  serializer.decode(raw as string, (message: unknown) => void (decoded = message))
  return decoded
}

const message = (event: string, payload: unknown, ref: string | null = null, joinRef: string | null = null) =>
  readMessage({ topic: 'realtime:room', event, payload, ref, join_ref: joinRef })

describe('what a server says', () => {
  test.each<[string, object, object]>([
    [
      'an answer',
      message('phx_reply', { status: 'error', response: { reason: 'no' } }, '3'),
      { kind: 'reply', ref: '3', isOk: false, response: { reason: 'no' } },
    ],
    ['an end', message('phx_close', {}, '1', '1'), { kind: 'ended', joinRef: '1' }],
    [
      'its own words',
      message('system', { extension: 'postgres_changes', status: 'ok', message: 'Subscribed' }),
      { kind: 'system', extension: 'postgres_changes', isOk: true, words: 'Subscribed' },
    ],
    [
      'a broadcast',
      message('broadcast', { type: 'broadcast', event: 'said', payload: 1 }),
      { kind: 'broadcast', event: 'said', payload: 1 },
    ],
    [
      'a row',
      message('postgres_changes', { ids: [1], data: { type: 'DELETE', schema: 'public', table: 'orders' } }),
      { kind: 'rows', ids: [1], data: { type: 'DELETE', columns: [], record: undefined } },
    ],
    [
      'who is there',
      message('presence_state', { ann: { metas: [{ phx_ref: 'a', phx_ref_prev: 'b', x: 1 }] } }),
      { kind: 'presence-state', present: new Map([['ann', [{ ref: 'a', state: { x: 1 } }]]]) },
    ],
    ['what nobody knows', message('surprise', {}), { kind: 'malformed', what: 'unknown-message' }],
  ])('%s', (_, read, expected) => {
    expect(read).toMatchObject(expected)
  })

  test('anything at all is read without throwing, and what makes no sense has one of few kinds', () => {
    const kinds = new Set<string>()
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.uint8Array().map(bytes => bytes.slice().buffer),
          fc.anything(),
        ),
        raw => {
          const frame = readFrame(raw, decode)
          if (frame.kind === 'malformed') kinds.add(frame.what)
        },
      ),
    )
    expect(kinds.size).toBeLessThan(13)
  })

  test('a binary frame that ends within its head is malformed, wherever it is cut', () => {
    const whole = Uint8Array.from([4, 2, 1, 0, 1, 114, 116, 101, 123, 125])
    expect(readFrame(whole.buffer, decode)).toMatchObject({ kind: 'broadcast', topic: 'rt', event: 'e', payload: {} })
    for (let length = 0; length < whole.length; length++)
      expect(readFrame(whole.slice(0, length).buffer, decode)).toMatchObject({ kind: 'malformed' })
  })
})

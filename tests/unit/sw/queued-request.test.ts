import { expect, test } from 'vitest'
import { keptHeaders } from '../../../src/sw/queue/kept-headers.ts'
import { toEntry, toRequest, withKey } from '../../../src/sw/queue/queued-request.ts'

const how = { key: 'k1', lane: 'orders', keepAuthorization: false }

test('what was stored is sent as it was, under its key', async () => {
  const request = new Request('https://a.example/api/orders?x=1', {
    method: 'PUT',
    headers: { 'content-type': 'application/json', 'x-own': 'yes' },
    body: '{"table":4}',
    credentials: 'include',
  })
  const entry = await toEntry(request, how)
  expect(entry).toMatchObject({ key: 'k1', lane: 'orders' })
  expect(entry.bytes).toBeGreaterThan(11)
  if (entry.body.kind !== 'request') throw new Error('not a request')
  const again = toRequest('ann@here', entry.key, entry.body, new AbortController().signal)
  expect(again.url).toBe(request.url)
  expect(again.method).toBe('PUT')
  expect(again.credentials).toBe('include')
  expect(Object.fromEntries(again.headers)).toEqual({
    'content-type': 'application/json',
    'x-own': 'yes',
    'idempotency-key': 'k1',
    'partyline-scope': 'ann%40here',
  })
  expect(await again.text()).toBe('{"table":4}')
})

test('a request without a body is stored without one', async () => {
  const entry = await toEntry(new Request('https://a.example/x', { method: 'DELETE' }), how)
  expect(entry.body).not.toHaveProperty('body')
})

test('bytes stay bytes', async () => {
  const body = Uint8Array.from([0, 255, 128, 10])
  const entry = await toEntry(new Request('https://a.example/x', { method: 'POST', body }), how)
  expect(entry.body.kind === 'request' && new Uint8Array(entry.body.body ?? new ArrayBuffer())).toEqual(body)
})

test('what lets somebody in is stored only where the route says so; what browsers set never', () => {
  const headers = [
    ['Authorization', 'Bearer x'],
    ['Cookie', 'a=b'],
    ['Host', 'a.example'],
    ['Content-Length', '3'],
    ['Sec-Fetch-Mode', 'cors'],
    ['Proxy-Authorization', 'x'],
    ['Idempotency-Key', 'k'],
    ['X-Own', 'yes'],
  ] as const
  expect(keptHeaders(headers, false)).toEqual([['X-Own', 'yes']])
  expect(keptHeaders(headers, true)).toEqual([
    ['Authorization', 'Bearer x'],
    ['X-Own', 'yes'],
  ])
})

test('the first attempt carries the key, too, with the body untouched', async () => {
  const keyed = withKey(new Request('https://a.example/x', { method: 'POST', body: 'hello' }), 'k1')
  expect(keyed.headers.get('idempotency-key')).toBe('k1')
  expect(await keyed.text()).toBe('hello')
})

import { expect, test } from 'vitest'
import { toClientErrors, toCloseError } from '../../src/worker/transports/pusher-close-codes.ts'

test.each<[number | undefined, string]>([
  [undefined, 'network'],
  [1000, 'server-closed'],
  [1001, 'server-restart'],
  [1005, 'network'],
  [1006, 'network'],
  [1008, 'server-closed'],
  [1012, 'server-restart'],
  [4000, 'network'],
  [4001, 'credentials'],
  [4003, 'credentials'],
  [4004, 'rate-limited'],
  [4009, 'credentials'],
  [4099, 'credentials'],
  [4100, 'rate-limited'],
  [4199, 'rate-limited'],
  [4200, 'server-restart'],
  [4201, 'network'],
  [4299, 'network'],
  [4300, 'server-closed'],
])('a close with %s means %s', (code, kind) =>
  expect(toCloseError({ code })).toMatchObject({ kind, details: { code } }),
)

test('a server that is over its capacity is left alone for a second, one over its quota as long as the line sees fit', () => {
  expect(toCloseError({ code: 4100 }).retryAfterMs).toBe(1_000)
  expect(toCloseError({ code: 4004 }).retryAfterMs).toBeUndefined()
})

test("the server's own words are told", () => {
  expect(toCloseError({ code: 4001, reason: 'no such app' }).message).toBe('no such app (4001)')
  expect(toCloseError({}).message).toBe('the connection was closed')
})

const error = { type: 'PusherError', data: { code: 4100, message: 'full' } }
const acted = { type: 'WebSocketError', error }

test.each([
  [{}, true, [], false],
  [{ code: 1000 }, true, [], false],
  [{ code: 1001 }, false, [], false],
  [{ code: 1006 }, true, [{ type: 'PusherError', data: { code: 1006, message: undefined } }], false],
  [{ code: 4100, reason: 'full' }, true, [error, acted], false],
  [{ code: 4100, reason: 'full' }, false, [acted], false],
])('of a close with %j, of an open connection: %j, an app hears %j', (close, wasOpen, errors, isEnd) =>
  expect(toClientErrors(close, wasOpen)).toEqual({ errors, isEnd }),
)

test.each([
  [4000, false],
  [4001, true],
  [4099, true],
  [4100, false],
  [4299, false],
  [4300, true],
])('after %i nobody comes back: %j', (code, isEnd) => expect(toClientErrors({ code }, true).isEnd).toBe(isEnd))

import { expect, test } from 'vitest'
import { failed, INITIAL_WAY, isInTheWay, waysToTry, worked } from '../../../src/worker/transports/websocket-way.ts'

test('another way is tried only after so many sockets have failed', () => {
  const once = failed('socket', INITIAL_WAY)
  expect(waysToTry(INITIAL_WAY, 2)).toEqual(['socket'])
  expect(waysToTry(once, 2)).toEqual(['socket', 'events'])
  expect(waysToTry(INITIAL_WAY, 1)).toEqual(['socket', 'events'])
})

test('a socket that works makes up for all that failed', () => {
  expect(worked('socket', failed('socket', INITIAL_WAY))).toEqual(INITIAL_WAY)
})

test('the way that worked last comes first, and sockets again where it works no more', () => {
  const blocked = worked('events', failed('socket', INITIAL_WAY))
  expect(waysToTry(blocked, 2)).toEqual(['events', 'socket'])
  expect(waysToTry(failed('events', blocked), 2)).toEqual(['socket', 'events'])
})

test('what the server says itself is no reason for another way', () => {
  expect(isInTheWay('network')).toBe(true)
  expect(isInTheWay('credentials')).toBe(false)
  expect(isInTheWay('rate-limited')).toBe(false)
})

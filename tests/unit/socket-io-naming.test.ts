import fc from 'fast-check'
import { expect, test } from 'vitest'
import { colonNames, toAddress, toChannel } from '../../src/worker/transports/socket-io-naming.ts'

const name = fc.string({ minLength: 1 })

test('an event comes back under the channel and name with which it went, where its name has no colon', () => {
  const event = fc.string().filter(text => !text.includes(':'))
  fc.assert(
    fc.property(name, event, (channel, given) => {
      expect(colonNames.fromServer(colonNames.toServer(channel, given), [])).toEqual({ channel, event: given })
    }),
  )
})

test.each([
  ['orders:created', { channel: 'orders', event: 'created' }],
  ['room:7:message', { channel: 'room:7', event: 'message' }],
  ['orders:', { channel: 'orders', event: '' }],
  ['created', undefined],
  [':created', undefined],
  ['', undefined],
])('Socket.IO event %j is read as %j', (wire, read) => {
  expect(colonNames.fromServer(wire, [])).toEqual(read)
})

test.each([
  ['orders', '/', { namespace: '/', room: 'orders' }],
  ['orders', '/app', { namespace: '/app', room: 'orders' }],
  ['/chat#lobby', '/', { namespace: '/chat', room: 'lobby' }],
  ['/chat#a#b', '/', { namespace: '/chat', room: 'a#b' }],
  ['/chat', '/', { namespace: '/chat', room: '' }],
  ['room#1', '/', { namespace: '/', room: 'room#1' }],
])('channel %j with primary namespace %j lives at %j', (channel, primary, address) => {
  expect(toAddress(channel, primary)).toEqual(address)
})

test('a channel is found again by its address', () => {
  const room = name.filter(text => !text.startsWith('/'))
  const namespace = fc
    .string()
    .filter(text => !text.includes('#'))
    .map(text => `/n${text}`)
  const channel = fc.oneof(
    room,
    namespace,
    fc.tuple(namespace, name).map(([space, inside]) => `${space}#${inside}`),
  )
  fc.assert(
    fc.property(channel, given => {
      expect(toChannel(toAddress(given, '/'), '/')).toBe(given)
    }),
  )
})

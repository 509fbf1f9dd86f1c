import { expect, test } from 'vitest'
import { channelKind } from '../../src/worker/transports/pusher-channel-kind.ts'

test.each([
  ['orders', { isPrivate: false, isPresence: false, isEncrypted: false, isCache: false }],
  ['cache-menu', { isPrivate: false, isPresence: false, isEncrypted: false, isCache: true }],
  ['private-orders', { isPrivate: true, isPresence: false, isEncrypted: false, isCache: false }],
  ['private-cache-menu', { isPrivate: true, isPresence: false, isEncrypted: false, isCache: true }],
  ['presence-floor', { isPrivate: true, isPresence: true, isEncrypted: false, isCache: false }],
  ['private-encrypted-notes', { isPrivate: true, isPresence: false, isEncrypted: true, isCache: false }],
  ['App.Models.User.1', { isPrivate: false, isPresence: false, isEncrypted: false, isCache: false }],
])('%s', (name, kind) => expect(channelKind(name)).toEqual(kind))

test('a name has 200 letters at most', () => {
  expect(channelKind('x'.repeat(200))).toBeDefined()
  expect(channelKind('x'.repeat(201))).toBeUndefined()
})

test.each(['', '#user', 'two words', 'a/b', 'a:b', 'é'])('%j is no name', name =>
  expect(channelKind(name)).toBeUndefined(),
)

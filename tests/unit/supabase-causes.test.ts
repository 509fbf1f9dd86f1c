import { expect, test } from 'vitest'
import { toChannelEnd, toConnectionError, toJoinError } from '../../src/worker/transports/supabase-causes.ts'

test.each([
  ['InvalidJWTToken: Token has expired 5 seconds ago', 'credentials'],
  ['InvalidJWTToken: Fields `role` and `exp` are required in JWT', 'credentials'],
  ['JwtSignatureError: Failed to validate JWT signature', 'credentials'],
  ['MalformedJWT: The token provided is not a valid JWT', 'credentials'],
  ['Unauthorized: You do not have permissions to read from this Channel topic: safe', 'refused'],
  ['TopicNameRequired: You must provide a topic name', 'refused'],
  ['Unable to subscribe to changes with given parameters', 'refused'],
  ['ClientJoinRateLimitReached: Too many joins per second', 'rate-limited'],
  ['ChannelRateLimitReached: Too many channels', 'rate-limited'],
  ['DatabaseLackOfConnections: Database can not accept more connections', 'network'],
  ['InitializingProjectConnection: Realtime is initializing the project connection', 'network'],
  ['Realtime was unable to connect to the project database, shutting down', 'network'],
])('a join that is refused with "%s" is %s', (words, kind) => {
  expect(toJoinError(words)).toMatchObject({ kind, message: words, details: { reason: words } })
})

test.each([
  [undefined, 'network'],
  ['Token has expired 0 seconds ago', 'network'],
  ['Too many messages per second', 'network'],
  ['You no longer have permission to read from this Channel topic: safe', 'refused'],
])('a channel that ends after "%s" is %s', (words, kind) => {
  expect(toChannelEnd(words)).toMatchObject({ kind })
})

test.each([
  [1006, undefined, 'network'],
  [1006, 'Unexpected server response: 401', 'credentials'],
  [1006, 'Unexpected server response: 429', 'rate-limited'],
  [1006, 'Unexpected server response: 502', 'network'],
  [1001, undefined, 'server-restart'],
  [1012, undefined, 'server-restart'],
  [1000, undefined, 'server-closed'],
])('a connection that ends with %i (%s) is %s', (code, failure, kind) => {
  expect(toConnectionError(code, '', failure)).toMatchObject({ kind })
})

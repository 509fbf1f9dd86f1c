import { expect, test } from 'vitest'
import { checkOptions, type PusherOptions } from '../../src/worker/transports/pusher-options.ts'

const key = 'key'
const host = 'ws.example.com'
const endpoint = 'https://example.com/pusher/auth'

test.each<[unknown, string]>([
  [undefined, 'pusher needs options, such as { key, cluster }'],
  [null, 'needs options'],
  [{}, "needs the app's key"],
  [{ key }, 'either a cluster, or the host'],
  [{ key, cluster: 'eu', host }, 'either a cluster, or the host'],
  [{ key, cluster: '' }, 'cluster is ""'],
  [{ key, cluster: 'eu', forceTLS: true }, 'pusher knows no option "forceTLS"; it has key, cluster'],
  [{ key, host: `wss://${host}` }, 'host is "wss://ws.example.com"; expected a name alone'],
  [{ key, host, port: 'x' }, 'port is x; expected a whole number from 1 to 65535'],
  [{ key, host, port: 70_000 }, 'port is 70000'],
  [{ key, host, port: 0 }, 'port is 0'],
  [{ key, host, port: 80.5 }, 'port is 80.5'],
  [{ key, host, port: Number.NaN }, 'port is NaN'],
  [{ key, host, path: 'realtime' }, 'path is "realtime"; expected one that begins with /'],
  [{ key, host, tls: 'no' }, 'tls is "no"; expected true or false'],
  [{ key, host, clientEventsPerSecond: 0 }, 'clientEventsPerSecond is 0; expected a number above 0'],
  [{ key, host, clientEventsPerSecond: Number.NaN }, 'clientEventsPerSecond is NaN'],
  [{ key, host, activityTimeoutMs: -1 }, "pusher's activityTimeoutMs is -1"],
  [{ key, host, pongTimeoutMs: Infinity }, 'pongTimeoutMs is Infinity'],
  [{ key, host, keyTimeoutMs: 2 ** 31 }, 'at most 2147483647'],
  [{ key, host, channelAuthorization: null }, "pusher's channelAuthorization needs options, such as { endpoint"],
  [{ key, host, channelAuthorization: endpoint }, 'channelAuthorization needs options'],
  [{ key, host, channelAuthorization: { endpoint: '/auth' } }, 'endpoint is "/auth"; expected an absolute URL'],
  [{ key, host, channelAuthorization: { endpoint, transport: 'ajax' } }, 'knows no option "transport"'],
  [{ key, host, channelAuthorization: { endpoint, headers: 'x' } }, 'headers are an object, or a function'],
  [{ key, host, userAuthentication: { endpoint, params: null } }, 'userAuthentication.params are an object'],
  [{ key, host, userAuthentication: { endpoint, withCredentials: 1 } }, 'withCredentials is 1; expected true or false'],
  [{ key, host, userAuthentication: 'tabs' }, 'userAuthentication needs options'],
])('%j is refused: %s', (options, sentence) => {
  const check = (): unknown => checkOptions(options as PusherOptions)
  expect(check).toThrow(expect.objectContaining({ code: 'bad-options' }))
  expect(check).toThrow(sentence)
})

test.each<PusherOptions>([
  { key, cluster: 'eu' },
  { key, host: '[::1]', port: 6001, tls: false, path: '' },
  { key, host, path: '/realtime/ws', clientEventsPerSecond: Infinity, userAuthentication: 'tab' },
  { key, host, channelAuthorization: { endpoint, headers: () => ({}), params: {}, withCredentials: true } },
])('%j are good', options => expect(() => checkOptions(options)).not.toThrow())

import { expect, test } from 'vitest'
import { PartylineError } from '../../../src/protocol/index.ts'
import { resolveOptions, type WebSocketOptions } from '../../../src/worker/transports/websocket-options.ts'
import { webSocket } from '../../../src/worker/transports/websocket.ts'

const url = 'wss://api.example.com/socket'
const fallback = { events: 'https://api.example.com/events', publish: 'https://api.example.com/publish' }

test.each([
  [undefined, 'needs options'],
  [{}, "url is undefined; expected one such as 'wss://api.example.com/socket'"],
  [{ url: 'ftp://api.example.com' }, 'url is "ftp://api.example.com"'],
  [{ url: 'ftp://api.example.com?token=secret' }, 'url is "ftp://api.example.com";'],
  [{ url: `${url}#part` }, 'has no part behind #'],
  [{ url, socketUrl: url }, 'knows no option "socketUrl"; it has url, protocols'],
  [{ url, codec: { encode: () => '' } }, 'needs the functions encode and decode'],
  [{ url, protocols: 'one' }, 'protocols are an array of texts'],
  [{ url, protocols: ['two words'] }, 'names without spaces'],
  [{ url, protocols: ['one', 'one'] }, 'each once'],
  [{ url, pingMs: 0 }, 'pingMs is 0; expected a number above 0'],
  [{ url, pongMs: 2 ** 31 }, 'at most 2147483647'],
  [{ url, maxFrameBytes: Number.NaN }, 'maxFrameBytes is NaN'],
  [{ url, fallback: { events: fallback.events } }, 'fallback.publish is undefined'],
  [{ url, fallback: { ...fallback, events: 'wss://api.example.com' } }, 'fallback.events is "wss://api.example.com"'],
  [{ url, fallback: { ...fallback, afterFailures: -1 } }, 'fallback.afterFailures is -1'],
  [{ url, fallback: { ...fallback, retry: 1 } }, 'fallback knows no option "retry"'],
])('%j is refused: %s', (options, sentence) => {
  const resolve = (): unknown => resolveOptions(options as WebSocketOptions)
  expect(resolve).toThrow(expect.objectContaining({ code: 'bad-options' }))
  expect(resolve).toThrow(sentence)
})

test('wrong options are told when a broker is made of them, not before', () => {
  const sink = {} as Parameters<ReturnType<typeof webSocket>['create']>[0]
  const transport = webSocket({ url: '' })
  expect(() => transport.create(sink)).toThrow(PartylineError)
})

test.each([
  ['https://api.example.com/socket', 'wss://api.example.com/socket'],
  ['http://localhost:8080/socket?v=2', 'ws://localhost:8080/socket?v=2'],
])('%s becomes %s', (given, used) => {
  expect(resolveOptions({ url: given }).socket(undefined)).toMatchObject({ url: used, protocols: ['partyline.v1'] })
})

test('credentials go into the address and the subprotocols where a server wants them there', () => {
  const { socket } = resolveOptions({
    url: `${url}?v=2`,
    query: credentials => ({ token: String(credentials?.['token']) }),
    protocols: credentials => ['partyline.v1', `bearer.${String(credentials?.['token'])}`],
  })
  expect(socket({ token: 'a b' })).toMatchObject({
    url: `${url}?v=2&token=a+b`,
    protocols: ['partyline.v1', 'bearer.a b'],
  })
})

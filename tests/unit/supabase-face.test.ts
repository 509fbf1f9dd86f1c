import { createClient } from '@supabase/supabase-js'
import { describe, expect, test } from 'vitest'
import { httpEndpointURL } from '../../src/facades/supabase/addresses.ts'
import { RealtimeClient, shareRealtime } from '../../src/facades/supabase/index.ts'
import { scopeOf } from '../../src/facades/supabase/scope.ts'
import { signToken } from '../support/servers/supabase/jwt.ts'
import { WebSocket } from 'ws'

const address = 'https://abc.supabase.co/realtime/v1'
const tokenOf = (claims: object): string => signToken({ role: 'authenticated', exp: 1, ...claims }, 'secret')

describe('whose line it is', () => {
  test('tokens of one user are one scope, those of others another, as no token is', async () => {
    const scopes = await Promise.all(
      [tokenOf({ sub: 'ann' }), tokenOf({ sub: 'ann', n: 2 }), tokenOf({ sub: 'bob' }), null].map(token =>
        scopeOf(address, 'key', token),
      ),
    )
    expect(scopes[0]).toBe(scopes[1])
    expect(new Set(scopes).size).toBe(3)
  })

  test('tokens that do not say whose they are share nothing, and do not stand in it', async () => {
    const tokens = [tokenOf({ n: 1 }), tokenOf({ n: 2 }), 'opaque']
    const scopes = await Promise.all(tokens.map(token => scopeOf(address, 'key', token)))
    expect(new Set(scopes).size).toBe(3)
    for (const token of tokens) expect(scopes.join()).not.toContain(token.slice(-6))
  })

  test('the public key as token is nobody', async () => {
    const key = tokenOf({})
    expect(await scopeOf(address, key, key)).toBe(await scopeOf(address, key, null))
  })

  test('it is as long as a scope may be, and still tells users apart', async () => {
    const [one, other] = await Promise.all(
      ['ann', 'bob'].map(sub => scopeOf(`${address}/${'x'.repeat(300)}`, 'key', tokenOf({ sub }))),
    )
    expect(one).toHaveLength(200)
    expect(one).not.toBe(other)
  })
})

test.each([
  [
    'wss://abc.supabase.co/realtime/v1/websocket?apikey=k',
    'https://abc.supabase.co/realtime/v1/api/broadcast?apikey=k',
  ],
  ['ws://localhost:4000/socket/websocket', 'http://localhost:4000/api/broadcast'],
  ['https://abc.supabase.co/realtime/v1/', 'https://abc.supabase.co/realtime/v1/api/broadcast'],
  ['http://localhost:4000', 'http://localhost:4000/api/broadcast'],
])('%s is reached by HTTP at %s', (socket, http) => {
  expect(httpEndpointURL(socket)).toBe(http)
})

describe('shareRealtime', () => {
  const create = (): ReturnType<typeof createClient> =>
    createClient('https://abc.supabase.co', 'key', {
      auth: { persistSession: false, autoRefreshToken: false },
      realtime: { transport: WebSocket as never, timeout: 500 },
    })

  test('puts the shared connection in the place of the own, with its address, key and settings; again is as good as once', () => {
    const supabase = create()
    expect(shareRealtime(supabase)).toBe(supabase)
    const realtime: unknown = supabase.realtime
    expect(realtime).toBeInstanceOf(RealtimeClient)
    expect(realtime).toMatchObject({
      address: 'wss://abc.supabase.co/realtime/v1',
      apiKey: 'key',
      timeout: 500,
      accessToken: expect.any(Function) as unknown,
    })
    expect(shareRealtime(supabase).realtime).toBe(realtime)
  })

  test('is refused when there are channels already', () => {
    const supabase = create()
    supabase.channel('room')
    expect(() => shareRealtime(supabase)).toThrow(expect.objectContaining({ code: 'bad-options' }) as Error)
  })
})

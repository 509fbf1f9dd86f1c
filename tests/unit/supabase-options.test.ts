import { expect, test } from 'vitest'
import { resolveOptions, type SupabaseOptions } from '../../src/worker/transports/supabase-options.ts'

const project = { url: 'https://abc.supabase.co', key: 'public key' }
const client = { realtime: { endPoint: 'wss://abc.supabase.co/realtime/v1/websocket', apiKey: 'public key' } }

test.each<[unknown, string]>([
  [undefined, 'supabase needs options, such as { url, key }'],
  [{}, "needs the project's public key"],
  [{ ...project, key: '' }, "needs the project's public key"],
  [{ ...project, url: 'abc.supabase.co' }, 'url is "abc.supabase.co"'],
  [{ client: undefined }, "supabase({ client }) needs a client of '@supabase/supabase-js'"],
  [{ client: null }, 'needs a client'],
  [{ client: {} }, 'needs a client'],
  [{ ...project, schema: 'public' }, 'supabase knows no option "schema"; it has url, key'],
  [{ ...project, joinTimeoutMs: Infinity }, "supabase's joinTimeoutMs is Infinity; expected a number above 0"],
  [{ ...project, heartbeatMs: 0 }, 'heartbeatMs is 0'],
  [{ client, heartbeatTimeoutMs: '10' }, 'heartbeatTimeoutMs is 10'],
])('%j is refused: %s', (options, sentence) => {
  const resolve = (): unknown => resolveOptions(options as SupabaseOptions)
  expect(resolve).toThrow(expect.objectContaining({ code: 'bad-options' }))
  expect(resolve).toThrow(sentence)
})

test.each<SupabaseOptions>([project, { client }])('%j are enough', options =>
  expect(resolveOptions(options)).toMatchObject({
    project: { endPoint: 'wss://abc.supabase.co/realtime/v1', key: 'public key' },
    heartbeatMs: 25_000,
    heartbeatTimeoutMs: 10_000,
    joinTimeoutMs: 20_000,
  }),
)

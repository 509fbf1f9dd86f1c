import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { afterEach, expect, it } from 'vitest'
import { inRoot } from '../../../scripts/lib/paths.mjs'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})

it.each([
  ['pusher', 'scripts/server.mjs', ['pusher']],
  ['websocket', 'scripts/server.mjs', ['websocket']],
  ['supabase', 'tests/support/servers/supabase/main.mjs', ['--database', 'pglite']],
])(
  'the %s server runs by itself, says where it is, and ends when it is told to',
  async (_name, script, args) => {
    const child = spawn(process.execPath, [inRoot(script), ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    ends.push(() => child.kill('SIGKILL'))
    const ended = once(child, 'exit')
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const url = /http:\/\/\S+/.exec(line)?.[0] ?? ''
    expect((await fetch(`${url}/nothing`)).status).toBe(404)
    child.kill('SIGTERM')
    expect(await ended).toEqual([0, null])
  },
  30_000,
)

it.each([
  ['scripts/server.mjs', ['pusher']],
  ['scripts/server.mjs', ['websocket']],
  ['scripts/server-supabase.mjs', []],
  ['tests/support/servers/supabase/main.mjs', []],
])('%s %s says in a sentence what is wrong with its options', async (script, args) => {
  const told = async (...more: string[]): Promise<string> => {
    const child = spawn(process.execPath, [inRoot(script), ...args, ...more], { stdio: ['ignore', 'ignore', 'pipe'] })
    ends.push(() => child.kill('SIGKILL'))
    const [said, ended] = await Promise.all([text(child.stderr), once(child, 'exit')])
    expect(ended).toEqual([1, null])
    return said
  }
  expect(await told('--port', 'abc')).toMatch(
    /^--port must be a whole number from 0 to 65535, not 'abc'\n\nnpm run server:/,
  )
  const unknown = await told('--nonsense')
  expect(unknown).toMatch(/^Unknown option '--nonsense'/)
  expect(unknown).not.toContain('    at ')
})

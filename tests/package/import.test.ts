import { expect, inject, test } from 'vitest'
import { run } from '../../scripts/lib/run.mjs'

/** Not `partyline/sw`: Node takes Workbox for CommonJS, and no server ever renders a service worker. */
const entries = [
  'partyline',
  'partyline/pusher',
  'partyline/register',
  'partyline/socket-io',
  'partyline/supabase',
  'partyline/worker',
  'partyline/worker/pusher',
  'partyline/worker/pusher-encrypted',
  'partyline/worker/socket-io',
  'partyline/worker/supabase',
]

test.for(entries)('importing %s in Node does nothing: no global, no timer, no output, no error', async entry => {
  const { code, output } = await run(process.execPath, ['--input-type=module', '--eval', program(entry)], {
    cwd: inject('consumer'),
    limitMs: 20_000,
  })
  expect(output).toBe('')
  expect(code).toBe(0)
})

/**
 * Prints what is there after the import and was not there before. What TypeScript's compiler adds to other people's
 * packages (`tslib`, as `__assign`) makes globals of itself in Node, but in no bundle.
 */
const program = (entry: string): string => `
  const works = /Timeout|Immediate|TCP|TLS|UDP|MessagePort|Worker/
  const state = () => [
    ...Reflect.ownKeys(globalThis).map(String).filter(name => !/^__[a-z]+([A-Z][a-zA-Z]*)?$/.test(name)),
    ...process.getActiveResourcesInfo().filter(resource => works.test(resource)),
  ]
  const before = state()
  await import(${JSON.stringify(entry)})
  const added = state().filter(thing => !before.includes(thing))
  if (added.length > 0) console.log(added)
`

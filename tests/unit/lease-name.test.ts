import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { generationOf, PROTOCOL_VERSION, toLeaseName } from '../../src/protocol/index.ts'

const scopes = fc.oneof(
  fc.string({ minLength: 1, maxLength: 200 }),
  fc.constantFrom('a:b', ':', '::1:x', 'tab:1', '%3A'),
)
const tabIds = fc.stringMatching(/^[\d-]{1,60}$/)

describe('a lease', () => {
  test('tells the generation that its tab wants, whatever characters the scope has', () => {
    fc.assert(
      fc.property(scopes, tabIds, fc.nat(), (scope, tabId, generation) => {
        expect(generationOf(toLeaseName({ scope, generation }, tabId), scope)).toBe(generation)
      }),
    )
  })

  test('tells nothing to another scope', () => {
    fc.assert(
      fc.property(scopes, scopes, tabIds, (scope, other, tabId) => {
        fc.pre(scope !== other)
        expect(generationOf(toLeaseName({ scope, generation: 3 }, tabId), other)).toBeUndefined()
      }),
    )
  })

  test('has a name of its own for each tab and each generation', () => {
    const address = { scope: 'ann', generation: 1 }
    expect(
      new Set([toLeaseName(address, '1'), toLeaseName(address, '2'), toLeaseName({ ...address, generation: 2 }, '1')])
        .size,
    ).toBe(3)
  })

  test('of another major version tells nothing: its tabs cannot come here', () => {
    const name = toLeaseName({ scope: 'ann', generation: 3 }, 'tab')
    const { major } = PROTOCOL_VERSION
    expect(generationOf(name.replace(`/${major}:`, `/${major + 1}:`), 'ann')).toBeUndefined()
    expect(generationOf(name.replace(`/${major}:`, `/${major}0:`), 'ann')).toBeUndefined()
  })
})

test.each([
  '',
  'ann',
  'partyline/1:ann',
  'partyline/1:tab',
  'partyline/1:tab:3',
  'partyline/1:tab:3:id',
  'partyline/1:table:3:id:ann',
  'x partyline/1:tab:3:id:ann',
])('another lock, such as %j, is no lease', name => expect(generationOf(name, 'ann')).toBeUndefined())

test.each(['x', '', '-1', '1.5', 'Infinity', '1e3', ' 2'])('a lease with %j for a generation is none', generation => {
  expect(generationOf(`partyline/1:tab:${generation}:id:ann`, 'ann')).toBeUndefined()
})

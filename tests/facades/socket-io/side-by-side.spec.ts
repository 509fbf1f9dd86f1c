import { readFileSync } from 'node:fs'
import { behaviours } from './behaviours/index.ts'
import { expect, test, type Side } from './fixtures.ts'

test.describe('partyline/socket-io behaves as socket.io-client does', () => {
  for (const { name, differs, fresh = false, on = 'plain' } of behaviours)
    test(differs === undefined ? name : `${name} (differs)`, async ({ pageOf }) => {
      const observe = async (side: Side) => {
        const page = await pageOf(side, fresh ? 'fresh' : on)
        return page.evaluate(which => window.run(which), name)
      }
      const original = await observe('original')
      const face = await observe('face')
      expect(original.length).toBeGreaterThan(0)
      expect(face).toEqual(differs?.observed ?? original)
      if (differs !== undefined) expect(original).not.toEqual(face)
    })
})

test('no two behaviours have one name, and there are at least 80', () => {
  expect(behaviours.length).toBeGreaterThanOrEqual(80)
  expect(new Set(behaviours.map(({ name }) => name)).size).toBe(behaviours.length)
})

test('each difference is told in docs/migrate-socket-io.md', () => {
  const page = readFileSync(new URL('../../../docs/migrate-socket-io.md', import.meta.url), 'utf8')
  for (const { differs } of behaviours) if (differs !== undefined) expect(page).toContain(differs.why)
})

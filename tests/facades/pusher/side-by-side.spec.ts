import { readFileSync } from 'node:fs'
import { behaviours } from './behaviours/index.ts'
import { expect, test } from './fixtures.ts'

const migration = readFileSync(new URL('../../../docs/migrate-pusher.md', import.meta.url), 'utf8')

test('there are at least 60 behaviours, each by a name of its own', () => {
  expect(behaviours.length).toBeGreaterThanOrEqual(60)
  expect(new Set(behaviours.map(({ name }) => name)).size).toBe(behaviours.length)
})

for (const { name, server, differs } of behaviours)
  test(name, async ({ observe }) => {
    const original = await observe('original', name, server)
    const face = await observe('face', name, server)
    expect(original).not.toEqual([])
    if (differs === undefined) return expect(face).toEqual(original)
    expect(face).toEqual(differs.face)
    expect(face).not.toEqual(original)
    expect(migration.split('\n').filter(line => line.startsWith('|') && line.includes(differs.row))).toHaveLength(1)
  })

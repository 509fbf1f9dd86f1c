import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { inRoot } from '../../scripts/lib/paths.mjs'

test('the example in docs/transports.md is the one that goes through the conformance suite', () => {
  const page = readFileSync(inRoot('docs/transports.md'), 'utf8')
  const example = readFileSync(inRoot('tests/support/conformance/lines-transport.ts'), 'utf8')
  expect(page).toContain(example.replace('../../../src/worker/index.ts', 'partyline/worker'))
})

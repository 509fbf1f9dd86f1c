import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

/** The literals of a union type, as its source has them. */
function literals(source: string, type: string): string[] {
  const body = new RegExp(`export type ${type} =([^]*?)\\n\\n`).exec(source)?.[1] ?? ''
  return Array.from(body.matchAll(/'([^']+)'/g), ([, literal = '']) => literal)
}

/** The literals of one field of all interfaces. */
function tags(source: string, field: string): string[] {
  const unions = Array.from(
    source.matchAll(new RegExp(`readonly ${field}: ([^;}\\n]+)`, 'g')),
    ([, union = '']) => union,
  )
  return unions.flatMap(union => Array.from(union.matchAll(/'([^']+)'/g), ([, literal = '']) => literal))
}

const messages = read('src/protocol/messages.ts')

test('docs/errors.md has a row for each code, and for no other', () => {
  const rows = Array.from(read('docs/errors.md').matchAll(/^\| `([^`]+)` \|/gm), ([, code]) => code)
  const codes = literals(read('src/protocol/errors.ts'), 'ErrorCode')
  expect(codes.length).toBeGreaterThan(20)
  expect(new Set(rows)).toEqual(new Set(codes))
  expect(rows).toHaveLength(codes.length)
})

describe('docs/protocol.md tells of', () => {
  const protocol = read('docs/protocol.md')

  test.each(tags(messages, 'op'))('the operation %s', op =>
    expect(protocol).toMatch(new RegExp(`^\\| \`${op}\` \\|`, 'm')),
  )

  test.each(
    tags(messages, 'type').filter(type => !['frame', 'ack', 'module', 'classic'].includes(type) && !type.includes(':')),
  )('the message %s', type => expect(protocol).toMatch(new RegExp(`\\*\\*${type}\\*\\*|^\\| \`${type}\` \\|`, 'm')))

  test.each(literals(`${read('src/client/control.ts')}\n\n`, 'ControlMethod'))('the call %s', method =>
    expect(protocol).toMatch(new RegExp(`^### ${method}$`, 'm')),
  )

  test.each(tags(read('src/worker/peers/peers.ts'), 'type'))('what brokers say: %s', type =>
    expect(protocol).toMatch(new RegExp(`^### ${type}`, 'm')),
  )

  test('each stage of a receipt', () => {
    const stages = /readonly stage: ([^\n]+)/.exec(messages)?.[1] ?? ''
    for (const [, stage] of stages.matchAll(/'([^']+)'/g)) expect(protocol).toContain(`| \`${stage}\` |`)
  })
})

import { existsSync, readdirSync, readFileSync } from 'node:fs'
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

describe('every test that is named is there', () => {
  const named = ['docs/failure-modes.md', 'docs/outbox.md', 'docs/service-worker.md'].flatMap(page =>
    Array.from(
      read(page).matchAll(/\b(e2e|contract|browser|unit) ((?:`[a-z0-9-]+`(?:, )?)+)/g),
      ([, kind = '', names = '']) =>
        Array.from(
          names.matchAll(/`([^`]+)`/g),
          ([, name = '']) => `tests/${kind}/${name}.${kind === 'e2e' ? 'spec' : 'test'}.ts`,
        ),
    ).flat(),
  )

  // A folder where there are several.
  const isThere = (file: string): boolean =>
    [file, file.replace(/\.\w+\.ts$/, '')].some(path => existsSync(new URL(`../../${path}`, import.meta.url)))

  test.each([...new Set(named)])('%s', file => expect(isThere(file)).toBe(true))
})

describe('every link leads somewhere', () => {
  const pages = readdirSync(new URL('../../docs', import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.md'))
    .map(path => `docs/${path.replaceAll('\\', '/')}`)

  /** As GitHub makes them of headings. */
  const anchors = (page: string): string[] =>
    Array.from(withoutCode(read(page)).matchAll(/^#+ (.+)$/gm), ([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .replaceAll(' ', '-'),
    )

  test.each(['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...pages])('in %s', page => {
    const links = Array.from(withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g), ([, link = '']) => link)
    const lost = links.filter(link => {
      if (link.includes(':')) return false
      const { pathname, hash } = new URL(link, `file:///${page}`)
      const target = pathname.slice(1)
      if (!existsSync(new URL(`../../${target}`, import.meta.url))) return true
      return hash !== '' && target.endsWith('.md') && !anchors(target).includes(decodeURIComponent(hash.slice(1)))
    })
    expect(lost).toEqual([])
  })
})

function withoutCode(page: string): string {
  return page.replaceAll(/^```[^]*?^```$/gm, '')
}

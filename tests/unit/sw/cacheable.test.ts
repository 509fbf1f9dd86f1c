import { describe, expect, test } from 'vitest'
import {
  mayBeCached,
  whyNotKept,
  type Asked,
  type Answered,
  type CachingRule,
} from '../../../src/sw/caching/cacheable.ts'

type Headed<T> = Partial<Omit<T, 'headers'>> & { readonly headers?: Record<string, string> }

function asked({ headers = {}, ...rest }: Headed<Asked> = {}): Asked {
  return {
    method: 'GET',
    mode: 'cors',
    credentials: 'same-origin',
    sameOrigin: true,
    ...rest,
    headers: new Headers(headers),
  }
}

function answered({ headers = {}, ...rest }: Headed<Answered> = {}): Answered {
  return { status: 200, type: 'basic', ...rest, headers: new Headers(headers) }
}

const everybodys: CachingRule = { strategy: 'network-first', credentials: false, opaque: false }
const oneUsers: CachingRule = { ...everybodys, credentials: true }
const files: CachingRule = { ...everybodys, strategy: 'cache-first' }

describe('kept on no route', () => {
  test.each<[string, Asked, Answered]>([
    ['what is no GET', asked({ method: 'POST' }), answered()],
    ['a part', asked({ headers: { range: 'bytes=0-9' } }), answered()],
    ['206', asked(), answered({ status: 206 })],
    ['a redirect', asked(), answered({ status: 301 })],
    ['404', asked(), answered({ status: 404 })],
    ['500', asked(), answered({ status: 500 })],
    ['no-store', asked(), answered({ headers: { 'cache-control': 'max-age=5, No-Store' } })],
    ['Vary: *', asked(), answered({ headers: { vary: 'accept, *' } })],
    ['an event stream', asked(), answered({ headers: { 'content-type': 'text/event-stream; charset=utf-8' } })],
    ['lines of JSON', asked(), answered({ headers: { 'content-type': 'application/x-ndjson' } })],
    ['a multipart stream', asked(), answered({ headers: { 'content-type': 'multipart/x-mixed-replace' } })],
    ['an opaque answer', asked({ sameOrigin: false }), answered({ status: 0, type: 'opaque' })],
  ])('%s', (_, request, response) => {
    for (const rule of [everybodys, oneUsers, files]) expect(whyNotKept(request, response, rule)).toBeTypeOf('string')
  })

  test('what sets a cookie, where a browser would show it', () => {
    // `Headers` may hide it here, too.
    const headers = new Map([['set-cookie', 'a=b']])
    const response = { ...answered(), headers: { has: (name: string) => headers.has(name), get: () => null } }
    for (const rule of [everybodys, oneUsers, files]) expect(whyNotKept(asked(), response, rule)).toContain('cookie')
  })
})

describe('without credentials: true', () => {
  test.each<[string, Asked, Answered]>([
    ['private', asked({ credentials: 'omit' }), answered({ headers: { 'cache-control': 'private' } })],
    ['private for a field', asked({ credentials: 'omit' }), answered({ headers: { 'cache-control': 'private="x"' } })],
    [
      'an authorized request',
      asked({ headers: { authorization: 'Bearer x' } }),
      answered({ headers: { 'cache-control': 'public' } }),
    ],
    ['Vary: Cookie', asked(), answered({ headers: { vary: 'Cookie', 'cache-control': 'public' } })],
  ])('%s is not kept, and is with it', (_, request, response) => {
    for (const rule of [everybodys, files]) expect(whyNotKept(request, response, rule)).toBeTypeOf('string')
    expect(whyNotKept(request, response, oneUsers)).toBeUndefined()
  })

  test.each<[string, Asked, Answered, boolean]>([
    ['to which cookies may have gone', asked(), answered(), false],
    ['that the server calls public', asked(), answered({ headers: { 'cache-control': 'public, max-age=60' } }), true],
    ['that shared caches may keep', asked(), answered({ headers: { 'cache-control': 's-maxage=60' } }), true],
    ['without cookies', asked({ credentials: 'omit' }), answered(), true],
    ['of another origin without cookies', asked({ sameOrigin: false }), answered({ type: 'cors' }), true],
    [
      'of another origin with cookies',
      asked({ sameOrigin: false, credentials: 'include' }),
      answered({ type: 'cors' }),
      false,
    ],
  ])('an API answer %s: kept %#', (_, request, response, isKept) => {
    expect(whyNotKept(request, response, everybodys) === undefined).toBe(isKept)
  })

  test('a file is kept as browsers ask for it, and not when the app asks for credentials', () => {
    expect(whyNotKept(asked({ mode: 'no-cors', credentials: 'include' }), answered(), files)).toBeUndefined()
    expect(whyNotKept(asked(), answered(), files)).toBeUndefined()
    expect(whyNotKept(asked({ credentials: 'include' }), answered(), files)).toBeTypeOf('string')
  })

  test('a page is kept unless it says that it is for one', () => {
    const pages: CachingRule = { ...everybodys, strategy: 'pages' }
    const navigation = asked({ mode: 'navigate', credentials: 'include' })
    expect(whyNotKept(navigation, answered(), pages)).toBeUndefined()
    expect(whyNotKept(navigation, answered({ headers: { 'cache-control': 'private' } }), pages)).toBeTypeOf('string')
  })
})

test('an opaque answer is kept where the route says so', () => {
  expect(whyNotKept(asked(), answered({ status: 0, type: 'opaque' }), { ...files, opaque: true })).toBeUndefined()
})

test.each<[string, Asked, RequestCache, boolean]>([
  ['a GET', asked(), 'default', true],
  ['a POST', asked({ method: 'POST' }), 'default', false],
  ['a part', asked({ headers: { range: 'bytes=0-9' } }), 'default', false],
  ['an event source', asked({ headers: { accept: 'text/event-stream' } }), 'default', false],
  ['a fetch with no-store', asked(), 'no-store', false],
  ['a fetch from the cache alone', asked(), 'only-if-cached', false],
])('%s is looked at: %#', (_, request, cache, isLookedAt) => {
  expect(mayBeCached(request, cache)).toBe(isLookedAt)
})

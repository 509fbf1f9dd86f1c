import { describe, expect, test } from 'vitest'
import { matches } from '../../../src/sw/routes/match.ts'
import { resolveOptions, type RouteOptions, type ServiceWorkerOptions } from '../../../src/sw/options.ts'

const route: RouteOptions = { name: 'api', match: '/api/' }

test('a route has defaults', () => {
  expect(resolveOptions({ routes: [route] }).routes).toEqual([
    {
      name: 'api',
      match: '/api/',
      strategy: 'network-first',
      credentials: false,
      opaque: false,
      timeoutMs: 3_000,
      maxAgeMs: 86_400_000,
      maxEntries: 100,
      invalidateOn: [],
    },
  ])
  expect(resolveOptions({ routes: [{ ...route, strategy: 'cache-first' }] }).routes[0]?.maxAgeMs).toBe(2_592_000_000)
})

test('navigations are asked for ahead where something answers them', () => {
  expect(resolveOptions({}).navigationPreload).toBe(false)
  expect(resolveOptions({ offlinePage: '/off.html' }).navigationPreload).toBe(true)
  expect(resolveOptions({ routes: [{ ...route, strategy: 'pages' }] }).navigationPreload).toBe(true)
  expect(resolveOptions({ offlinePage: '/off.html', navigationPreload: false }).navigationPreload).toBe(false)
})

describe('bad-options names the option and what would be right', () => {
  test.each<[unknown, string]>([
    [undefined, 'startServiceWorker is undefined; expected an object'],
    [{ route: [] }, 'startServiceWorker knows no option "route"'],
    [{ routes: {} }, 'routes [object Object]; expected an array'],
    [{ precache: ['/a.js'] }, 'expected an array of { url, revision }'],
    [{ offlinePage: 3 }, 'offlinePage 3; expected a string'],
    [{ scopeTimeoutMs: 2 ** 31 }, 'scopeTimeoutMs 2147483648; expected milliseconds'],
    [{ routes: [{ match: '/' }] }, 'routes[0] has name undefined'],
    [{ routes: [{ name: 'a' }] }, 'routes[0] has match undefined'],
    [{ routes: [{ ...route, name: 'a/b' }] }, 'name "a/b"; expected 1 to 40 letters'],
    [{ routes: [route, { ...route, strategy: 'swr' }] }, 'routes[1] has strategy "swr"; expected one of network-first'],
    [{ routes: [{ ...route, timeoutMs: 0 }] }, 'timeoutMs 0'],
    [{ routes: [{ ...route, maxEntries: 1.5 }] }, 'maxEntries 1.5'],
    [{ routes: [{ ...route, invalidateOn: [{ event: 'x' }] }] }, 'invalidateOn'],
    [{ routes: [{ ...route, ttl: 3 }] }, 'routes[0] knows no option "ttl"'],
    [{ routes: [route, route] }, 'two routes named "api"'],
    [{ routes: [{ ...route, strategy: 'pages', credentials: true }] }, 'pages cannot have'],
  ])('%j', (options, message) => {
    expect(() => resolveOptions(options as ServiceWorkerOptions)).toThrow(
      expect.objectContaining({ code: 'bad-options', message: expect.stringContaining(message) as string }),
    )
  })
})

describe('a route matches', () => {
  const request = (href: string, sameOrigin = true) => ({ url: new URL(href), request: {} as Request, sameOrigin })

  test.each<[RouteOptions['match'], string, boolean, boolean]>([
    ['/api/', 'https://a.example/api/x?y', true, true],
    ['/api/', 'https://a.example/other/api/', true, false],
    ['/api/', 'https://b.example/api/x', false, false],
    ['https://b.example/', 'https://b.example/api/x', false, true],
    [/\.png$/g, 'https://a.example/x.png', true, true],
    [({ url }) => url.pathname === '/x', 'https://a.example/x', true, true],
  ])('%s: %s %#', (match, href, sameOrigin, isMatch) => {
    for (const _ of [1, 2]) expect(matches({ match }, request(href, sameOrigin))).toBe(isMatch)
  })
})

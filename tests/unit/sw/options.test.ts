import { describe, expect, test } from 'vitest'
import { matches, routeOf } from '../../../src/sw/routes/match.ts'
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
      queue: false,
      lane: 'api',
      keepAuthorization: false,
    },
  ])
  expect(resolveOptions({ routes: [{ ...route, strategy: 'cache-first' }] }).routes[0]?.maxAgeMs).toBe(2_592_000_000)
})

test('the endpoint has defaults', () => {
  expect(resolveOptions({}).outbox).toBeUndefined()
  expect(resolveOptions({ outbox: { endpoint: '/o' } }).outbox).toEqual({
    endpoint: '/o',
    headers: {},
    credentials: 'same-origin',
    batchSize: 100,
  })
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
    [{ routes: [{ ...route, strategy: 'pages', queue: true }] }, 'pages are only ever read'],
    [{ outbox: '/outbox' }, 'outbox "/outbox"; expected { endpoint }'],
    [{ outbox: {} }, 'outbox has endpoint undefined; expected a string'],
    [{ outbox: { endpoint: '/o', credentials: 'all' } }, 'credentials "all"; expected one of omit'],
    [{ outbox: { endpoint: '/o', batchSize: 0 } }, 'batchSize 0'],
    [{ outbox: { endpoint: '/o', headers: { a: 1 } } }, 'headers [object Object]; expected an object of strings'],
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

test('the first route that matches counts, pages apart from what they ask for', () => {
  const { routes } = resolveOptions({
    routes: [
      { name: 'pages', match: '/', strategy: 'pages' },
      { name: 'special', match: '/api/special', strategy: 'network-only' },
      { name: 'api', match: '/api/' },
    ],
  })
  const of = (path: string, mode: RequestMode): string | undefined =>
    routeOf(routes, { url: new URL(path, 'https://a.example'), request: { mode } as Request, sameOrigin: true })?.name
  expect(of('/api/special/1', 'cors')).toBe('special')
  expect(of('/api/other', 'cors')).toBe('api')
  expect(of('/api/other', 'navigate')).toBe('pages')
  expect(of('/elsewhere', 'cors')).toBeUndefined()
})

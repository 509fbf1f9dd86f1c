import type { ResolvedRoute, RouteMatch } from '../options.ts'

/** The route that a request belongs to: the first that is for it. */
export function routeOf(routes: readonly ResolvedRoute[], request: RouteMatch): ResolvedRoute | undefined {
  const isPage = request.request.mode === 'navigate'
  return routes.find(route => (route.strategy === 'pages') === isPage && matches(route, request))
}

/** Whether a request is one of this route's, by its address. */
export function matches({ match }: Pick<ResolvedRoute, 'match'>, request: RouteMatch): boolean {
  const { url, sameOrigin } = request
  if (typeof match === 'function') return match(request)
  // One with the flag `g` would go on where it stopped the last time.
  if (match instanceof RegExp) return url.href.search(match) >= 0
  return match.startsWith('/') ? sameOrigin && url.pathname.startsWith(match) : url.href.startsWith(match)
}

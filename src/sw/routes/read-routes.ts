import { Route } from 'workbox-routing'
import type { WorkboxPlugin } from 'workbox-core'
import { NetworkOnly } from 'workbox-strategies'
import { mayBeCached } from '../caching/cacheable.ts'
import type { Count } from '../caching/keeping.ts'
import type { Strategies } from '../caching/strategies.ts'
import type { Tally } from '../caching/tally.ts'
import type { ResolvedRoute, RouteMatch } from '../options.ts'
import type { ClientScopes } from '../scopes/client-scopes.ts'
import { routeOf } from './match.ts'

export interface ReadRoutesDeps {
  readonly routes: readonly ResolvedRoute[]
  readonly strategies: Strategies
  readonly scopes: ClientScopes
  readonly tally: Tally
  /** Whether pages that no route is for are answered, too. */
  readonly otherPages: boolean
  /** What is given when a page cannot be had. */
  offlinePage(): Promise<Response | undefined>
  /** Whether what becomes of a request of then is of interest: its scope may be forgotten meanwhile. */
  isWanted(scope: string | undefined, startedAt: number): boolean
  /** A server has answered. */
  networkWorked(): void
  /** Resolves when the request has been answered and what is kept of it is kept. */
  underWay(done: Promise<unknown>): void
}

/** For Workbox's router: what is read, of each route, and pages that no route is for. */
export function readRoutes(deps: ReadRoutesDeps): Route[] {
  const { routes, otherPages, offlinePage } = deps
  const read = routes
    .filter(({ strategy }) => strategy !== 'network-only')
    .map(route => new Route(match => isLookedAt(match) && routeOf(routes, match) === route, answering(route, deps)))
  if (!otherPages) return read
  const withoutNetwork: WorkboxPlugin = { handlerDidError: offlinePage }
  return [
    ...read,
    new Route(({ request }) => request.mode === 'navigate', new NetworkOnly({ plugins: [withoutNetwork] })),
  ]
}

function isLookedAt({ request, sameOrigin }: RouteMatch): boolean {
  const { method, mode, credentials, headers, cache } = request
  return mayBeCached({ method, mode, credentials, headers, sameOrigin }, cache)
}

function answering(
  route: ResolvedRoute,
  { strategies, scopes, tally, offlinePage, isWanted, networkWorked, underWay }: ReadRoutesDeps,
) {
  return async ({ event, request }: { event: ExtendableEvent; request: Request }): Promise<Response> => {
    const { clientId } = event as FetchEvent
    // Whose line a page has decides only where something is kept for each by itself: the page's own scripts, which
    // would have to answer, may be what is asked for here.
    const scope = route.credentials ? await scopes.of(clientId) : undefined
    if (route.credentials && scope === undefined) return fetch(request)
    const counted = scope ?? scopes.peek(clientId) ?? ''
    const startedAt = Date.now()
    const count: Count = what => {
      if (what === 'network') networkWorked()
      if (isWanted(counted, startedAt)) event.waitUntil(tally.count(counted, what))
    }
    const [response, done] = strategies
      .of(route, scope)
      .handleAll({ event, request, url: new URL(request.url), params: { count } })
    underWay(done)
    if (route.strategy !== 'pages') return response
    return response.catch(async (error: unknown) => {
      const page = await offlinePage()
      if (page !== undefined) return page
      throw error
    })
  }
}

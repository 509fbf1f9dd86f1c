import { Route } from 'workbox-routing'
import type { ResolvedRoute } from '../options.ts'
import type { RequestQueue } from '../queue/request-queue.ts'
import type { ClientScopes } from '../scopes/client-scopes.ts'
import { routeOf } from './match.ts'

export interface WriteRoutesDeps {
  readonly routes: readonly ResolvedRoute[]
  readonly scopes: ClientScopes
  readonly queue: RequestQueue
}

const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'] as const

/** For Workbox's router: what changes things, of the routes that queue it. */
export function writeRoutes({ routes, scopes, queue }: WriteRoutesDeps): Route[] {
  return routes
    .filter(route => route.queue)
    .flatMap(route =>
      METHODS.map(
        method =>
          new Route(
            // Of what is sent in the mode `no-cors`, such as beacons, nobody could ever read the answer.
            match => match.request.mode !== 'no-cors' && routeOf(routes, match) === route,
            async ({ event, request }) => {
              const scope = await scopes.of((event as FetchEvent).clientId)
              return scope === undefined ? fetch(request) : queue.answer(scope, route, request)
            },
            method,
          ),
      ),
    )
}

import type { ResolvedRoute } from '../options.ts'

/** As much of a request as decides whether its answer may be kept. */
export interface Asked {
  readonly method: string
  readonly mode: string
  readonly credentials: RequestCredentials
  readonly sameOrigin: boolean
  readonly headers: Pick<Headers, 'get' | 'has'>
}

export interface Answered {
  readonly status: number
  readonly type: string
  readonly headers: Pick<Headers, 'get' | 'has'>
}

export type CachingRule = Pick<ResolvedRoute, 'strategy' | 'credentials' | 'opaque'>

/** Bodies without an end, or with one that nobody waits for. */
const STREAMING =
  /^(?:text\/event-stream|multipart\/|application\/(?:x-ndjson|ndjson|jsonl|json-seq|stream\+json|grpc))/i

/** Whether there is any use in looking: anything else goes to the server as if there were no service worker. */
export function mayBeCached({ method, headers }: Asked, cache: RequestCache): boolean {
  return (
    method === 'GET' &&
    !headers.has('range') &&
    !STREAMING.test(headers.get('accept') ?? '') &&
    cache !== 'no-store' &&
    cache !== 'only-if-cached'
  )
}

/**
 * Why an answer must not be kept; `undefined` when it may be. What is kept is never
 * - anything but the whole answer to a GET (200; no part of one, no stream);
 * - what the server wants kept nowhere (`no-store`), or what fits no second request (`Vary: *`);
 * - without `credentials: true`: what is one user's. See {@link whyOneUsers}.
 */
export function whyNotKept(asked: Asked, answered: Answered, rule: CachingRule): string | undefined {
  if (asked.method !== 'GET') return 'only answers to GET are kept'
  if (asked.headers.has('range')) return 'a part was asked for'
  if (answered.type === 'opaque') return rule.opaque ? undefined : 'nobody can look into it (opaque)'
  if (answered.status !== 200) return `its status is ${answered.status}, not 200`
  // Browsers take it away before any script sees it, a service worker's included. Where there is one all the same it
  // would be given to whoever asks next.
  if (answered.headers.has('set-cookie')) return 'it sets a cookie'
  if (listed(answered, 'cache-control').has('no-store')) return 'the server says no-store'
  if (listed(answered, 'vary').has('*')) return 'it is for this one request (Vary: *)'
  if (STREAMING.test(answered.headers.get('content-type') ?? '')) return 'it is a stream'
  return rule.credentials ? undefined : whyOneUsers(asked, answered, rule)
}

/**
 * Why an answer may be one user's. Whether cookies went with a request nobody can see. So an answer for everybody is
 * one to which none went, or one that the server calls `public`; for files and pages it is enough that nothing says
 * otherwise.
 */
function whyOneUsers(asked: Asked, answered: Answered, { strategy }: CachingRule): string | undefined {
  if (asked.headers.has('authorization')) return 'the request was authorized'
  const cacheControl = listed(answered, 'cache-control')
  if (cacheControl.has('private')) return 'the server says private'
  const vary = listed(answered, 'vary')
  if (vary.has('cookie') || vary.has('authorization')) return 'it depends on who asks (Vary)'
  if (isPublic(cacheControl) || !mayCarryCookies(asked)) return undefined
  if (strategy === 'network-first') return 'cookies may have gone with the request, and the server does not say public'
  // Classic scripts, styles and images are always asked for with them; a `fetch` only if somebody wants it so.
  const isWanted = asked.credentials === 'include' && asked.mode === 'cors'
  return isWanted ? 'the request was made with credentials' : undefined
}

function mayCarryCookies({ credentials, sameOrigin }: Asked): boolean {
  return credentials === 'include' || (credentials === 'same-origin' && sameOrigin)
}

function isPublic(cacheControl: ReadonlySet<string>): boolean {
  return cacheControl.has('public') || cacheControl.has('s-maxage')
}

/** The names in a header that is a list, in lower case. */
function listed({ headers }: Answered, name: string): ReadonlySet<string> {
  const parts = (headers.get(name) ?? '').split(',')
  return new Set(parts.map(part => (part.split('=')[0] ?? '').trim().toLowerCase()))
}

/** Those that a browser sets by itself and no script may set. https://fetch.spec.whatwg.org/#forbidden-request-header */
const FORBIDDEN: ReadonlySet<string> = new Set([
  'accept-charset',
  'accept-encoding',
  'access-control-request-headers',
  'access-control-request-method',
  'connection',
  'content-length',
  'cookie',
  'cookie2',
  'date',
  'dnt',
  'expect',
  'host',
  'keep-alive',
  'origin',
  'referer',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'via',
])

export const IDEMPOTENCY_KEY = 'idempotency-key'

/**
 * What of a request's headers is stored with it. What lets somebody in lies on no disk unless the route says so, and
 * the key has a place of its own.
 */
export function keptHeaders(
  headers: Iterable<readonly [name: string, value: string]>,
  keepAuthorization: boolean,
): (readonly [name: string, value: string])[] {
  return [...headers].filter(([name]) => {
    const lower = name.toLowerCase()
    return (
      !FORBIDDEN.has(lower) &&
      !/^(?:proxy-|sec-)/.test(lower) &&
      lower !== IDEMPOTENCY_KEY &&
      (keepAuthorization || lower !== 'authorization')
    )
  })
}

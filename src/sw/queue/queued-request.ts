import type { NewEntry, RequestBody } from '../../outbox/index.ts'
import { IDEMPOTENCY_KEY, keptHeaders } from './kept-headers.ts'

/** The same request under this key, by which the server can tell that it had it before. */
export function withKey(request: Request, key: string): Request {
  const headers = new Headers(request.headers)
  headers.set(IDEMPOTENCY_KEY, key)
  return new Request(request, { headers })
}

/** A request as it is stored. Reads its body. */
export async function toEntry(
  request: Request,
  {
    key,
    lane,
    keepAuthorization,
  }: { readonly key: string; readonly lane: string; readonly keepAuthorization: boolean },
): Promise<NewEntry> {
  const { url, method, credentials } = request
  const body = await request.arrayBuffer()
  const headers = keptHeaders(request.headers, keepAuthorization)
  const texts = [url, method, ...headers.flat()]
  return {
    key,
    lane,
    body: { kind: 'request', url, method, headers, credentials, ...(body.byteLength > 0 ? { body } : {}) },
    bytes: body.byteLength + texts.reduce((sum, { length }) => sum + length, 0),
    createdAt: Date.now(),
  }
}

/** Whose request it is: the cookies that go with it may be another's by now. */
const SCOPE = 'partyline-scope'

/** What was stored, to be sent again. */
export function toRequest(
  scope: string,
  key: string,
  { url, method, headers, body, credentials }: RequestBody,
  signal: AbortSignal,
): Request {
  const all = new Headers(headers.map(([name, value]): [string, string] => [name, value]))
  all.set(IDEMPOTENCY_KEY, key)
  all.set(SCOPE, encodeURIComponent(scope))
  return new Request(url, { method, headers: all, credentials, signal, ...(body === undefined ? {} : { body }) })
}

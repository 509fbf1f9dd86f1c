import { UpstreamError } from '../upstream/transport.ts'

/** A signal that aborts with this one, or when the time is up; `clear` when neither is waited for any more. */
export function withinTime(
  signal: AbortSignal,
  ms: number,
): { readonly signal: AbortSignal; readonly clear: () => void } {
  const abort = new AbortController()
  const follow = (): void => abort.abort(signal.reason)
  const timer = setTimeout(() => abort.abort(new UpstreamError('network', `no connection within ${ms} ms`)), ms)
  signal.addEventListener('abort', follow)
  if (signal.aborted) follow()
  return {
    signal: abort.signal,
    clear() {
      clearTimeout(timer)
      signal.removeEventListener('abort', follow)
    },
  }
}

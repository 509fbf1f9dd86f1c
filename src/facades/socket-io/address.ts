/** Where `io()` is to go: the server with its path, which must be the worker's, and the namespace there. */
export interface Address {
  /** Such as `https://api.example.com/socket.io`; as the worker names it. */
  readonly server: string
  readonly origin: string
  readonly namespace: string
  readonly query: { readonly [key: string]: string } | undefined
}

/** Reads what `io()` takes: a URL, also without its protocol, a namespace alone, or nothing for the page's own origin. */
export function toAddress(uri: unknown, path = '/socket.io'): Address {
  const url = typeof uri === 'string' ? uri.replace(/^ws/, 'http') : '/'
  const { origin, search, pathname, searchParams } = new URL(
    /^(https?:|\/)/.test(url) ? url : `${location.protocol}//${url}`,
    location.href,
  )
  return {
    server: origin + path.replace(/\/$/, ''),
    origin,
    namespace: pathname,
    query: search ? Object.fromEntries(searchParams) : undefined,
  }
}

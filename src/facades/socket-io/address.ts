/** Where `io()` is to go: the server with its path, which must be the worker's, and the namespace there. */
export interface Address {
  /** Such as `https://api.example.com/socket.io`; as the worker names it. */
  readonly server: string
  /** As the app wrote it, without the namespace. */
  readonly source: string
  readonly namespace: string
  readonly query: { readonly [key: string]: string } | undefined
}

/** Reads what `io()` takes: a URL, one without a protocol, a namespace alone, or nothing for the page's own origin. */
export function toAddress(uri = '/', path = '/socket.io'): Address {
  const { origin, protocol, search, pathname, searchParams } = new URL(
    /^((http|ws)s?:|\/)/.test(uri) ? uri.replace(/^ws/, 'http') : `${location.protocol}//${uri}`,
    location.href,
  )
  // `new URL` has no origin for a protocol that it does not know.
  const source = origin === 'null' ? protocol : origin
  return {
    server: source + path.replace(/\/$/, ''),
    source,
    namespace: pathname,
    query: search ? Object.fromEntries(searchParams) : undefined,
  }
}

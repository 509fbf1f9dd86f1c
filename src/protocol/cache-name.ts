/**
 * Caches are named `partyline:<scope>:<route>`. The scope is encoded, so that none can be written in a way that makes
 * it the beginning of another's names, and empty for answers that are the same for everybody.
 */
export function cachePrefix(scope: string): string {
  return `partyline:${encodeURIComponent(scope)}:`
}

/** @param scope `undefined` for answers that are the same for everybody */
export function cacheName(scope: string | undefined, route: string): string {
  return cachePrefix(scope ?? '') + route
}

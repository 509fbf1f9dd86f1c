/** Unguessable. `crypto.randomUUID` is not there in insecure contexts. */
export function randomId(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join('-')
}

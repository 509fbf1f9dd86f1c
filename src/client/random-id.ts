/** Unguessable. `crypto.randomUUID` is not there in insecure contexts. */
export function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), part => part.toString(36)).join('')
}

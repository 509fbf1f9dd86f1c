/**
 * Stands for a text that is not to be kept anywhere: 192 bits of which nobody reads it.
 * @throws Error where the page is not from a secure origin, which has no means to make it
 */
export async function digest(text: string): Promise<string> {
  return new Uint32Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)), 0, 6).join('-')
}

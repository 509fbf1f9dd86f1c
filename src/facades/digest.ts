/**
 * Stands for a text that is not to be kept anywhere: 64 hexadecimal digits, out of which nobody reads it.
 * @throws Error where the page is not from a secure origin, which has no means to make it
 */
export async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return Array.from(new Uint8Array(bytes), byte => byte.toString(16).padStart(2, '0')).join('')
}

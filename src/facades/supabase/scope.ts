import { digest } from '../digest.ts'

/**
 * Whose line it is where the app does not say: tokens of one user are alike in their `sub`; where there is none, each
 * token is a user of its own.
 */
export async function scopeOf(address: string, key: string, token: string | null): Promise<string> {
  const user = token && token !== key ? (subOf(token) ?? (await digest(token))) : ''
  return `${user} ${key.slice(-16)} ${address}`.slice(0, 200)
}

function subOf(token: string): string | undefined {
  try {
    const claims = atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/'))
    return (JSON.parse(claims) as { sub?: string }).sub
  } catch {
    return undefined
  }
}

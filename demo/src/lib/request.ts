/** The server has answered, and will not. Its message is for the person who asked. */
export class RefusedError extends Error {
  override name = 'RefusedError'
}

/**
 * What the house answers over HTTP, as JSON.
 * @throws RefusedError, and TypeError where there is no network
 */
export async function request<T>(url: string, init: RequestInit): Promise<T> {
  return (await (await ask(url, init)).json()) as T
}

export interface Read<T> {
  readonly body: T
  /** Where it is what the service worker has kept: when the server was asked for it, in milliseconds since 1970. */
  readonly keptAt: number | undefined
}

/** The present state from the server, or the last known one where that cannot be reached. */
export async function read<T>(url: string, signal: AbortSignal): Promise<Read<T>> {
  const response = await ask(url, { signal })
  const keptAt = response.headers.get('partyline-fetched-at')
  return { body: (await response.json()) as T, keptAt: keptAt === null ? undefined : Number(keptAt) }
}

async function ask(url: string, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init)
  if (response.ok) return response
  const { error } = (await response.json().catch(() => ({}))) as { readonly error?: unknown }
  throw new RefusedError(typeof error === 'string' ? error : `the server answered ${response.status}`)
}

import { bad, checkNames, checkNumber } from './option-checks.ts'

/** Either the address and the key of a project, or a client that has them. */
export type SupabaseOptions = (SupabaseProject | SupabaseExisting) & SupabaseSettings

export interface SupabaseProject {
  /** Of the project: `https://abc.supabase.co`; or of Realtime itself, with its path: `wss://…/realtime/v1`. */
  readonly url: string
  /** The public key: anon or publishable. */
  readonly key: string
}

export interface SupabaseExisting {
  /**
   * A client of `@supabase/supabase-js`. The line has a connection of its own with the settings of the client's `realtime`;
   * where no tab gives a token, it joins with the one that the client has.
   */
  readonly client: { readonly realtime: ExistingRealtime }
}

export interface SupabaseSettings {
  /** After so long without a word from the server it is asked for one. @default 25_000 */
  readonly heartbeatMs?: number
  /** So long it may take to answer. @default 10_000 */
  readonly heartbeatTimeoutMs?: number
  /** So long a join may take, with the server's word that row changes flow. @default 20_000 */
  readonly joinTimeoutMs?: number
}

/** What is used of the `realtime` of an existing client. */
export interface ExistingRealtime {
  /** Ends with `/websocket`. */
  readonly endPoint: string
  readonly apiKey: string | null
  readonly accessToken?: (() => Promise<string | null>) | null | undefined
}

export interface ResolvedOptions extends Required<SupabaseSettings> {
  readonly project: Project
}

/** Where to, with which key, and who gives a token where no tab does. */
export interface Project {
  readonly endPoint: string
  readonly key: string
  readonly accessToken: (() => Promise<string | null>) | undefined
}

const SOCKET_PATH = /\/websocket\/?$/

const OPTIONS = ['url', 'key', 'client', 'heartbeatMs', 'heartbeatTimeoutMs', 'joinTimeoutMs']

/** @throws PartylineError `bad-options` that names the option and what would be right */
export function resolveOptions(options: SupabaseOptions): ResolvedOptions {
  checkNames('supabase', options, OPTIONS)
  const { heartbeatMs = 25_000, heartbeatTimeoutMs = 10_000, joinTimeoutMs = 20_000 } = options
  return {
    project: toProject(options),
    heartbeatMs: checkNumber('supabase', 'heartbeatMs', heartbeatMs),
    heartbeatTimeoutMs: checkNumber('supabase', 'heartbeatTimeoutMs', heartbeatTimeoutMs),
    joinTimeoutMs: checkNumber('supabase', 'joinTimeoutMs', joinTimeoutMs),
  }
}

function toProject(options: SupabaseOptions): Project {
  if ('client' in options) return ofClient(options.client)
  const { url, key } = options
  if (typeof key !== 'string' || key === '')
    throw bad("supabase needs the project's public key: supabase({ url, key })")
  if (typeof url !== 'string' || !URL.canParse(url) || !/^(https?|wss?):$/.test(new URL(url).protocol))
    throw bad(
      `supabase's url is ${JSON.stringify(url)}; expected that of the project, such as 'https://abc.supabase.co'`,
    )
  return { endPoint: toEndPoint(url), key, accessToken: undefined }
}

function ofClient(client: Partial<SupabaseExisting['client']> | undefined | null): Project {
  const { endPoint, apiKey, accessToken } = client?.realtime ?? {}
  if (typeof endPoint !== 'string' || typeof apiKey !== 'string')
    throw bad("supabase({ client }) needs a client of '@supabase/supabase-js'")
  return { endPoint: endPoint.replace(SOCKET_PATH, ''), key: apiKey, accessToken: accessToken ?? undefined }
}

/** @param url a complete one */
export function toEndPoint(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  const path = pathname.replace(SOCKET_PATH, '').replace(/\/+$/, '')
  return `${protocol.replace(/^http/, 'ws')}//${host}${path === '' ? '/realtime/v1' : path}`
}

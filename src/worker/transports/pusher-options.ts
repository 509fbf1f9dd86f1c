import { PartylineError, type Credentials } from '../../protocol/index.ts'

export interface PusherOptions {
  /** The app's key. */
  readonly key: string
  /** Where the app is at pusher.com, such as `eu`. Either this or `host`. */
  readonly cluster?: string
  /** A server of one's own, such as soketi or Reverb. */
  readonly host?: string
  /** @default 443 with TLS, else 80 */
  readonly port?: number
  /** What stands before `/app/{key}` in the server's address. @default '' */
  readonly path?: string
  /** @default true */
  readonly tls?: boolean
  /** Where private, presence and encrypted channels are authorised. @default a tab is asked: `credentials({ channel, socketId })` */
  readonly channelAuthorization?: PusherEndpoint
  /**
   * Signs the user in with each connection, at an endpoint or by asking a tab (`credentials({ socketId })`), which makes
   * the channels `#user` and `#watchlist`. @default nobody is signed in
   */
  readonly userAuthentication?: PusherEndpoint | 'tab'
  /** After this long without a word from the server it is pinged; a server may ask for less. @default 120_000 */
  readonly activityTimeoutMs?: number
  /** How long it then has to answer. @default 30_000 */
  readonly pongTimeoutMs?: number
  /**
   * Client events that one connection may send in a second; more are refused here, because Pusher would drop them without
   * saying which. Servers of one's own may take more. @default 10
   */
  readonly clientEventsPerSecond?: number
}

export interface PusherEndpoint {
  /** An absolute URL: a relative one would count from the worker's script. */
  readonly endpoint: string
  /** @default `Authorization: Bearer …` with the credentials' `token`, where they have one */
  readonly headers?: PusherFields
  /** Sent besides `socket_id` and `channel_name`. */
  readonly params?: PusherFields
  /** Sends cookies to another origin. @default false */
  readonly withCredentials?: boolean
}

/** The same for everybody, or made of the tabs' credentials. */
export type PusherFields =
  | { readonly [name: string]: string }
  | ((credentials: Credentials | undefined) => { readonly [name: string]: string })

/** Where connections go, and for which app: `key@host:port`. */
export function serverOf({ key, cluster, host = `ws-${cluster}.pusher.com`, port, tls = true }: PusherOptions): string {
  return `${key}@${host}:${port ?? (tls ? 443 : 80)}`
}

/** Options as pusher-js takes them. */
export interface ClientOptions {
  readonly cluster: string
  readonly [name: string]: unknown
}

/** @throws PartylineError `bad-options` */
export function checkOptions({ key, cluster, host, channelAuthorization, userAuthentication }: PusherOptions): void {
  if (typeof key !== 'string' || key === '') throw bad("pusher needs the app's key: pusher({ key, cluster })")
  if ((cluster === undefined) === (host === undefined))
    throw bad('pusher needs either a cluster, or the host of a server of your own')
  if (host !== undefined && !/^[\w.-]+$|^\[[\da-f:]+\]$/i.test(host))
    throw bad(
      `pusher's host is ${JSON.stringify(host)}; expected a name alone: scheme, port and path are options of their own`,
    )
  checkEndpoint('channelAuthorization', channelAuthorization)
  if (userAuthentication !== 'tab') checkEndpoint('userAuthentication', userAuthentication)
}

export function toClientOptions(options: PusherOptions): ClientOptions {
  const { cluster = '', host, port, path, tls = true, activityTimeoutMs, pongTimeoutMs } = options
  return {
    cluster,
    wsHost: host,
    wsPort: port,
    wssPort: port,
    wsPath: path,
    forceTLS: tls,
    enabledTransports: ['ws', 'wss'],
    enableStats: false,
    activityTimeout: activityTimeoutMs,
    pongTimeout: pongTimeoutMs,
  }
}

function checkEndpoint(name: string, given: PusherEndpoint | undefined): void {
  if (given === undefined || isAbsolute(given.endpoint)) return
  throw bad(
    `pusher's ${name}.endpoint is ${JSON.stringify(given.endpoint)}; expected an absolute URL such as 'https://example.com/pusher/auth'`,
  )
}

function isAbsolute(url: unknown): boolean {
  return typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

function bad(message: string): PartylineError {
  return new PartylineError('bad-options', message)
}

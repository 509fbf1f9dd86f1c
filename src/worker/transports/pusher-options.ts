import type { Credentials } from '../../protocol/index.ts'
import { bad, checkNames, checkNumber } from './option-checks.ts'

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
   * How long the app has for another key of an encrypted channel, be it an endpoint or a tab. What came meanwhile and does
   * not open with the old one is then lost, and told as a `gap`. @default 10_000
   */
  readonly keyTimeoutMs?: number
  /**
   * Client events that one connection may send in a second; more are refused here, because Pusher would drop them without
   * saying which. Servers of one's own may take more, or any number (`Infinity`). @default 10
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

const OPTIONS = [
  'key',
  'cluster',
  'host',
  'port',
  'path',
  'tls',
  'channelAuthorization',
  'userAuthentication',
  'activityTimeoutMs',
  'pongTimeoutMs',
  'keyTimeoutMs',
  'clientEventsPerSecond',
]
const ENDPOINT_OPTIONS = ['endpoint', 'headers', 'params', 'withCredentials']

/** @throws PartylineError `bad-options` that names the option and what would be right */
export function checkOptions(options: PusherOptions): void {
  checkNames('pusher', options, OPTIONS)
  const { key, tls, channelAuthorization, userAuthentication } = options
  if (typeof key !== 'string' || key === '') throw bad("pusher needs the app's key: pusher({ key, cluster })")
  checkAddress(options)
  checkSwitch('tls', tls)
  checkNumbers(options)
  if (channelAuthorization !== undefined) checkEndpoint('channelAuthorization', channelAuthorization)
  if (userAuthentication !== undefined && userAuthentication !== 'tab')
    checkEndpoint('userAuthentication', userAuthentication)
}

function checkAddress({ cluster, host, port, path = '' }: PusherOptions): void {
  if ((cluster === undefined) === (host === undefined))
    throw bad('pusher needs either a cluster, or the host of a server of your own')
  if (cluster !== undefined && !isText(cluster, /^[\w-]+$/))
    throw bad(`pusher's cluster is ${JSON.stringify(cluster)}; expected a name such as 'eu'`)
  if (host !== undefined && !isText(host, /^[\w.-]+$|^\[[\da-f:]+\]$/i))
    throw bad(
      `pusher's host is ${JSON.stringify(host)}; expected a name alone: scheme, port and path are options of their own`,
    )
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port <= MAX_PORT))
    throw bad(`pusher's port is ${String(port)}; expected a whole number from 1 to ${MAX_PORT}`)
  // Without a slash in front it would become a part of the host.
  if (!isText(path, /^(\/[^\s?#]*)?$/))
    throw bad(`pusher's path is ${JSON.stringify(path)}; expected one that begins with /, such as '/realtime'`)
}

const MAX_PORT = 65_535

function checkNumbers({ activityTimeoutMs, pongTimeoutMs, keyTimeoutMs, clientEventsPerSecond }: PusherOptions): void {
  for (const [name, ms] of Object.entries({ activityTimeoutMs, pongTimeoutMs, keyTimeoutMs }))
    if (ms !== undefined) checkNumber('pusher', name, ms)
  // A server may take any number of them.
  if (clientEventsPerSecond !== undefined && clientEventsPerSecond !== Infinity)
    checkNumber('pusher', 'clientEventsPerSecond', clientEventsPerSecond)
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

function checkEndpoint(name: string, given: PusherEndpoint): void {
  checkNames(`pusher's ${name}`, given, ENDPOINT_OPTIONS)
  const { endpoint, headers, params, withCredentials } = given
  if (!isAbsolute(endpoint))
    throw bad(
      `pusher's ${name}.endpoint is ${JSON.stringify(endpoint)}; expected an absolute URL such as 'https://example.com/pusher/auth'`,
    )
  for (const [field, value] of Object.entries({ headers, params }))
    if (value !== undefined && typeof value !== 'function' && (typeof value !== 'object' || value === null))
      throw bad(`pusher's ${name}.${field} are an object, or a function that gives one`)
  checkSwitch(`${name}.withCredentials`, withCredentials)
}

function checkSwitch(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== 'boolean')
    throw bad(`pusher's ${name} is ${JSON.stringify(value)}; expected true or false`)
}

function isText(value: unknown, form: RegExp): boolean {
  return typeof value === 'string' && form.test(value)
}

function isAbsolute(url: unknown): boolean {
  return typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}

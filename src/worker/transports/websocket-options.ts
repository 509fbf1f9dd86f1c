import type { BackoffPolicy } from '../../lib/index.ts'
import type { Credentials } from '../../protocol/index.ts'
import { bad, checkNames, checkNumber } from './option-checks.ts'
import { causeOf } from './websocket-causes.ts'
import type { Codec } from './websocket-codec.ts'
import { partylineCodec } from './websocket-partyline-codec.ts'
import type { SocketAddress } from './websocket-socket.ts'
import type { StreamAddress } from './websocket-stream-carrier.ts'

export interface WebSocketOptions {
  /** The server's, with `wss:` or `ws:`; one with `https:`, `http:` or none counts from the worker's script. */
  readonly url: string
  /** Subprotocols to ask for, also such as hold a token. @default those of the codec */
  readonly protocols?: readonly string[] | ((credentials: Credentials | undefined) => readonly string[])
  /** Added to the url, for servers that want credentials there; proxies may log it. @default nothing */
  readonly query?: (credentials: Credentials | undefined) => { readonly [name: string]: string }
  /** The protocol that is spoken. @default {@link partylineCodec} */
  readonly codec?: Codec
  /** Another way, for where sockets do not get through. @default none */
  readonly fallback?: WebSocketFallback
  /** After so long without a word the server is sent a ping. @default 25_000 */
  readonly pingMs?: number
  /** How long it may take to answer before the connection counts as lost. @default 10_000 */
  readonly pongMs?: number
  /** Most bytes of one frame, in either direction. @default 1_048_576 */
  readonly maxFrameBytes?: number
}

/** Server-sent events in the one direction, POST in the other, with the frames of the same codec. */
export interface WebSocketFallback {
  /** Where the server's frames come from. It is asked with `session`, an id that is the same as with `publish`. */
  readonly events: string
  /** Where ours go. */
  readonly publish: string
  /** Headers of both. Others than browsers send by themselves make them ask another origin's server first. */
  readonly headers?: (credentials: Credentials | undefined) => { readonly [header: string]: string }
  /** Sends cookies to another origin. @default false */
  readonly withCredentials?: boolean
  /** So many attempts at a socket in a row must fail before this way is tried. @default 2 */
  readonly afterFailures?: number
  /** How long one attempt may take, either way. @default 8_000 */
  readonly withinMs?: number
  /** Upper bound of the first pause before a socket is tried again; it doubles with each failure. @default 10_000 */
  readonly returnBaseMs?: number
  /** Upper bound of every pause. @default 300_000 */
  readonly returnMaxMs?: number
}

export interface ResolvedOptions {
  readonly codec: Codec
  readonly socket: (credentials: Credentials | undefined) => SocketAddress
  readonly fallback: ResolvedFallback | undefined
  readonly pingMs: number
  readonly pongMs: number
  readonly maxFrameBytes: number
}

export interface ResolvedFallback {
  readonly stream: (credentials: Credentials | undefined) => StreamAddress
  readonly afterFailures: number
  readonly withinMs: number
  readonly return: BackoffPolicy
}

const OPTIONS = ['url', 'protocols', 'query', 'codec', 'fallback', 'pingMs', 'pongMs', 'maxFrameBytes']
const FALLBACK_OPTIONS = [
  'events',
  'publish',
  'headers',
  'withCredentials',
  'afterFailures',
  'withinMs',
  'returnBaseMs',
  'returnMaxMs',
]

/** @throws PartylineError `bad-options` that names the option and what would be right */
export function resolveOptions(options: WebSocketOptions): ResolvedOptions {
  checkNames('webSocket', options, OPTIONS)
  const { url, query, codec = partylineCodec(), fallback, pingMs, pongMs, maxFrameBytes = 1_048_576 } = options
  checkCodec(codec)
  const address = toSocketUrl(url)
  const { protocols = codec.subprotocols ?? [] } = options
  checkProtocols(protocols)
  return {
    codec,
    socket: credentials => ({
      url: withQuery(address, query?.(credentials)),
      protocols: typeof protocols === 'function' ? protocols(credentials) : protocols,
      causeOf: (code, reason) => causeOf(codec, code, reason),
    }),
    fallback: fallback && resolveFallback(fallback, codec, aNumber('maxFrameBytes', maxFrameBytes)),
    pingMs: aNumber('pingMs', pingMs ?? 25_000),
    pongMs: aNumber('pongMs', pongMs ?? 10_000),
    maxFrameBytes: aNumber('maxFrameBytes', maxFrameBytes),
  }
}

function resolveFallback(fallback: WebSocketFallback, codec: Codec, maxFrameBytes: number): ResolvedFallback {
  checkNames("webSocket's fallback", fallback, FALLBACK_OPTIONS)
  const { headers, withCredentials = false, afterFailures, withinMs, returnBaseMs, returnMaxMs } = fallback
  const events = toHttpUrl('events', fallback.events)
  const publish = toHttpUrl('publish', fallback.publish)
  return {
    stream: credentials => ({
      events,
      publish,
      headers: headers?.(credentials) ?? {},
      credentials: withCredentials ? 'include' : 'same-origin',
      maxFrameBytes,
      resumes: codec.resumesStreams === true,
      gather: codec.gather,
      bye: codec.bye,
    }),
    afterFailures: aNumber('fallback.afterFailures', afterFailures ?? 2),
    withinMs: aNumber('fallback.withinMs', withinMs ?? 8_000),
    return: {
      baseMs: aNumber('fallback.returnBaseMs', returnBaseMs ?? 10_000),
      maxMs: aNumber('fallback.returnMaxMs', returnMaxMs ?? 300_000),
    },
  }
}

function checkCodec(codec: Codec): void {
  const { encode, decode } = (codec as Partial<Codec> | null) ?? {}
  if (typeof encode !== 'function' || typeof decode !== 'function')
    throw bad("webSocket's codec needs the functions encode and decode; without a codec it is partylineCodec()")
}

/** As a browser wants them; what a function gives holds credentials, and is not looked at. */
function checkProtocols(protocols: unknown): void {
  if (typeof protocols === 'function') return
  if (!Array.isArray(protocols)) throw bad("webSocket's protocols are an array of texts, or a function that gives one")
  const wrong: unknown = protocols.find(one => typeof one !== 'string' || !/^[!#$%&'*+\-.^`|~\w]+$/.test(one))
  if (wrong !== undefined || new Set(protocols).size < protocols.length)
    throw bad(`webSocket's protocols are names without spaces, each once; not ${JSON.stringify(protocols)}`)
}

function toSocketUrl(url: string): URL {
  const parsed = parse(url, ['ws:', 'wss:', 'http:', 'https:'])
  if (parsed === undefined)
    throw bad(`webSocket's url is ${show(url)}; expected one such as 'wss://api.example.com/socket'`)
  if (parsed.hash !== '') throw bad(`webSocket's url is ${show(url)}; a WebSocket's has no part behind #`)
  parsed.protocol = parsed.protocol.replace('http', 'ws')
  return parsed
}

function toHttpUrl(name: string, url: string): string {
  const parsed = parse(url, ['http:', 'https:'])
  if (parsed !== undefined) return parsed.href
  throw bad(`webSocket's fallback.${name} is ${show(url)}; expected one such as 'https://api.example.com/${name}'`)
}

function parse(url: unknown, schemes: readonly string[]): URL | undefined {
  const base = (globalThis as { location?: { href: string } }).location?.href
  if (typeof url !== 'string' || url === '' || !URL.canParse(url, base)) return undefined
  const parsed = new URL(url, base)
  return schemes.includes(parsed.protocol) ? parsed : undefined
}

function withQuery(address: URL, query: { readonly [name: string]: string } = {}): string {
  const url = new URL(address)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return url.href
}

function aNumber(name: string, value: unknown): number {
  return checkNumber('webSocket', name, value)
}

/** Without the query, in which an app may have put a secret. */
function show(url: unknown): string {
  return typeof url === 'string' ? JSON.stringify(url.split('?', 1)[0]) : String(url)
}

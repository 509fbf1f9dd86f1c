import { PartylineError } from '../protocol/index.ts'

export interface ServiceWorkerOptions {
  /** Which requests are answered how. The first that matches counts. @default [] */
  readonly routes?: readonly RouteOptions[]
  /**
   * Files that are fetched when the worker is installed and served from then on, as build tools write them:
   * `precache: self.__WB_MANIFEST`. @default []
   */
  readonly precache?: readonly PrecacheEntry[]
  /** The page that is shown when one cannot be loaded and none is kept. Fetched when the worker is installed. @default none */
  readonly offlinePage?: string
  /** Where messages go when no tab is there to send them over the line. @default none: they wait for the next tab */
  readonly outbox?: EndpointOptions
  /** Lets the browser ask for a page while the worker starts. @default where there is a route for pages or an offline page */
  readonly navigationPreload?: boolean
  /** Whether pages that are open already come under the first worker at once, without a reload. @default true */
  readonly claimClients?: boolean
  /** How long a page may take to say whose line it has, before its request is treated as nobody's. @default 500 */
  readonly scopeTimeoutMs?: number
}

export interface EndpointOptions {
  /** The URL that takes them. docs/service-worker.md says what it has to do. */
  readonly endpoint: string
  /** Headers for it, or a function that gives them, such as a token that it renews. @default none */
  readonly headers?: EndpointHeaders
  /** Whether cookies go with it. @default 'same-origin' */
  readonly credentials?: 'omit' | 'same-origin' | 'include'
  /** Most messages that go at once. @default 100 */
  readonly batchSize?: number
}

export type EndpointHeaders = Headed | ((context: { readonly scope: string }) => Headed | Promise<Headed>)

type Headed = Readonly<Record<string, string>>

export interface PrecacheEntry {
  readonly url: string
  /** Changes with the file's content; `null` where the URL does. */
  readonly revision?: string | null
}

export interface RouteOptions {
  /** Its answers are kept, and its events counted, under this name. 1 to 40 letters, digits and hyphens. */
  readonly name: string
  /**
   * What it is for: the beginning of a path on the page's own origin, or of a whole URL; an expression over the whole
   * URL; or a function.
   */
  readonly match: string | RegExp | ((request: RouteMatch) => boolean)
  /**
   * - `network-first`: the server answers; what is kept does when it is silent for `timeoutMs` or cannot be reached.
   * - `cache-first`: what is kept answers; for files whose URL changes with their content.
   * - `pages`: network-first for navigations, with the offline page as the last resort.
   * - `network-only`: nothing is kept.
   * @default 'network-first'
   */
  readonly strategy?: RouteStrategy
  /**
   * Its answers depend on who asks. They are kept for each scope by itself, and not at all for pages without a line.
   * Without this, what is kept is the same for everybody. @default false
   */
  readonly credentials?: boolean
  /** Keeps answers of other origins that nobody can look into. @default false */
  readonly opaque?: boolean
  /** How long a `network-first` route waits for the server when it has something to give. @default 3_000 */
  readonly timeoutMs?: number
  /** How old what is kept may become. @default 86_400_000 (a day), 2_592_000_000 (30 days) for `cache-first` */
  readonly maxAgeMs?: number
  /** How many answers are kept; those used last stay. @default 100 */
  readonly maxEntries?: number
  /** Events of the line after which its answers are stale; without `event` all of the channel. @default [] */
  readonly invalidateOn?: readonly StaleOn[]
  /**
   * Stores POST, PUT, PATCH and DELETE when there is no network, and sends them later, in order. Needs a scope: what
   * pages without a line send fails as it always does. @default false
   */
  readonly queue?: boolean
  /** Those of one lane are sent one after the other. @default the route's name */
  readonly lane?: string
  /** Stores the header `Authorization` with them, too: on the disk, and it may have expired by then. @default false */
  readonly keepAuthorization?: boolean
}

export interface RouteMatch {
  readonly url: URL
  readonly request: Request
  /** The page's own origin. */
  readonly sameOrigin: boolean
}

export interface StaleOn {
  readonly channel: string
  readonly event?: string
}

export type RouteStrategy = 'network-first' | 'cache-first' | 'pages' | 'network-only'

export type ResolvedRoute = Required<RouteOptions>

export type ResolvedEndpoint = Required<EndpointOptions>

export interface ResolvedOptions extends Required<Omit<ServiceWorkerOptions, 'routes' | 'offlinePage' | 'outbox'>> {
  readonly outbox: ResolvedEndpoint | undefined
  readonly routes: readonly ResolvedRoute[]
  readonly offlinePage: string | undefined
}

const DAY_MS = 86_400_000
/** Browsers keep a delay in 31 bits; a larger one fires at once. */
const MAX_DELAY_MS = 2 ** 31 - 1

/** Describes what is right; tells whether a value is. */
type Rule = readonly [expected: string, isRight: (value: unknown) => boolean]

const yesOrNo: Rule = ['true or false', value => typeof value === 'boolean']
const text: Rule = ['a string that is not empty', value => isText(value) && value !== '']
const list: Rule = ['an array', Array.isArray]
const duration: Rule = ['milliseconds above 0', value => isNumber(value) && value > 0]
const delay: Rule = [
  `milliseconds above 0 and at most ${MAX_DELAY_MS}`,
  value => isNumber(value) && value > 0 && value <= MAX_DELAY_MS,
]
const count: Rule = ['a whole number above 0', value => Number.isInteger(value) && Number(value) > 0]

const STRATEGIES: readonly unknown[] = [
  'network-first',
  'cache-first',
  'pages',
  'network-only',
] satisfies RouteStrategy[]

const OPTION_RULES: Readonly<Record<keyof ServiceWorkerOptions, Rule>> = {
  routes: list,
  precache: ['an array of { url, revision }, such as self.__WB_MANIFEST', isPrecacheList],
  offlinePage: text,
  outbox: ['{ endpoint }', value => typeof value === 'object' && value !== null],
  navigationPreload: yesOrNo,
  claimClients: yesOrNo,
  scopeTimeoutMs: delay,
}

const ROUTE_RULES: Readonly<Record<keyof RouteOptions, Rule>> = {
  name: ['1 to 40 letters, digits and hyphens', value => typeof value === 'string' && /^[a-z\d-]{1,40}$/i.test(value)],
  match: ['the beginning of a path or URL, a RegExp or a function', isMatch],
  strategy: [`one of ${STRATEGIES.join(', ')}`, value => STRATEGIES.includes(value)],
  credentials: yesOrNo,
  opaque: yesOrNo,
  timeoutMs: delay,
  maxAgeMs: duration,
  maxEntries: count,
  invalidateOn: ['an array of { channel, event? }', isStaleList],
  queue: yesOrNo,
  lane: text,
  keepAuthorization: yesOrNo,
}

const CREDENTIALS: readonly unknown[] = ['omit', 'same-origin', 'include'] satisfies RequestCredentials[]

const ENDPOINT_RULES: Readonly<Record<keyof EndpointOptions, Rule>> = {
  endpoint: text,
  headers: [
    'an object of strings or a function',
    value => typeof value === 'function' || (Object(value) === value && Object.values(value as object).every(isText)),
  ],
  credentials: [`one of ${CREDENTIALS.join(', ')}`, value => CREDENTIALS.includes(value)],
  batchSize: count,
}

/** @throws PartylineError `bad-options` that names the option and what would be right */
export function resolveOptions(options: ServiceWorkerOptions): ResolvedOptions {
  const given = known('startServiceWorker', options, OPTION_RULES)
  const routes = (given.routes ?? []).map(resolveRoute)
  refuseTwins(routes)
  const { offlinePage } = given
  return {
    precache: given.precache ?? [],
    claimClients: given.claimClients ?? true,
    scopeTimeoutMs: given.scopeTimeoutMs ?? 500,
    navigationPreload:
      given.navigationPreload ?? (offlinePage !== undefined || routes.some(({ strategy }) => strategy === 'pages')),
    offlinePage,
    outbox: given.outbox && resolveEndpoint(given.outbox),
    routes,
  }
}

function resolveEndpoint(options: EndpointOptions): ResolvedEndpoint {
  const where = "startServiceWorker's outbox"
  const { endpoint, headers = {}, credentials = 'same-origin', batchSize = 100 } = known(where, options, ENDPOINT_RULES)
  if (endpoint === undefined) throw wrong(where, 'endpoint', endpoint, ENDPOINT_RULES.endpoint)
  return { endpoint, headers, credentials, batchSize }
}

function resolveRoute(options: RouteOptions, index: number): ResolvedRoute {
  const where = `startServiceWorker's routes[${index}]`
  const { name, match, ...rest } = known(where, options, ROUTE_RULES)
  if (name === undefined) throw wrong(where, 'name', name, ROUTE_RULES.name)
  if (match === undefined) throw wrong(where, 'match', match, ROUTE_RULES.match)
  const strategy = rest.strategy ?? 'network-first'
  if (strategy === 'pages' && rest.credentials === true)
    throw new PartylineError(
      'bad-options',
      `${where} (${name}) has credentials: true, which pages cannot have: whose line a page has is not known before it runs`,
    )
  if (strategy === 'pages' && rest.queue === true)
    throw new PartylineError('bad-options', `${where} (${name}) has queue: true, but pages are only ever read`)
  return {
    credentials: false,
    opaque: false,
    timeoutMs: 3_000,
    maxAgeMs: strategy === 'cache-first' ? 30 * DAY_MS : DAY_MS,
    maxEntries: 100,
    invalidateOn: [],
    queue: false,
    lane: name,
    keepAuthorization: false,
    ...rest,
    name,
    match,
    strategy,
  }
}

/** What is given of the options that there are. */
function known<Options extends object>(
  where: string,
  options: Options | null,
  rules: Readonly<Record<keyof Options & string, Rule>>,
): Partial<Options> {
  // Callers without types may give anything.
  if (typeof options !== 'object' || options === null)
    throw new PartylineError('bad-options', `${where} is ${shown(options)}; expected an object`)
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  for (const [name, value] of given) {
    if (!Object.hasOwn(rules, name))
      throw new PartylineError('bad-options', `${where} knows no option ${JSON.stringify(name)}`)
    const rule = rules[name as keyof Options & string]
    if (!rule[1](value)) throw wrong(where, name, value, rule)
  }
  return Object.fromEntries(given) as Partial<Options>
}

function wrong(where: string, name: string, value: unknown, [expected]: Rule): PartylineError {
  return new PartylineError('bad-options', `${where} has ${name} ${shown(value)}; expected ${expected}`)
}

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}

function refuseTwins(routes: readonly ResolvedRoute[]): void {
  const names = routes.map(({ name }) => name)
  const twin = names.find((name, index) => names.indexOf(name) < index)
  if (twin !== undefined)
    throw new PartylineError(
      'bad-options',
      `startServiceWorker has two routes named ${JSON.stringify(twin)}; name them apart`,
    )
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isMatch(value: unknown): boolean {
  return typeof value === 'function' || value instanceof RegExp || (typeof value === 'string' && value !== '')
}

function isPrecacheList(value: unknown): boolean {
  return Array.isArray(value) && value.every(entry => typeof fieldsOf(entry)['url'] === 'string')
}

function isStaleList(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    value.every(entry => {
      const { channel, event } = fieldsOf(entry)
      return text[1](channel) && (event === undefined || text[1](event))
    })
  )
}

function fieldsOf(value: unknown): { readonly [field: string]: unknown } {
  return Object(value) as { readonly [field: string]: unknown }
}

import { fullJitter } from '../lib/index.ts'
import {
  PartylineError,
  PROTOCOL_VERSION,
  type BrokerScript,
  type Frame,
  type Hello,
  type LastWord,
  type Lease,
  type Welcome,
} from '../protocol/index.ts'
import { abortable } from './abortable.ts'
import { openAttachment, type Attachment } from './attachment.ts'
import { agreedGeneration } from './generation.ts'
import type { HostChoice } from './hosts/host-choice.ts'
import type { HostLink } from './hosts/host.ts'
import type { TabLease } from './lease.ts'
import { retryable, staleEpoch } from './retryable.ts'
import type { HostName } from './types.ts'
import { openWakeUps } from './wake-up.ts'

const BACKOFF = { baseMs: 500, maxMs: 15_000 }
/** Attempts in a row that follow each other at once. */
const AT_ONCE = 3
/** An attachment that lasted so long makes up for the failures before it. */
const STABLE_MS = 3_000
/** Chromium gives a SharedWorker that has just failed to whoever opens it meanwhile, and then says nothing of it. */
const TORN_DOWN_MS = 200
/** A page that is loaded again knows that there was a broker, and need not wait for it as long as for a script. */
const RELOADED_MS = 3_500
/** How often a tab that waits for a broker looks whether the others have another one. */
const LOOK_MS = 700
/** Of leading tabs; more than one where several leave at once. */
const MAX_LAST_WORDS = 5
/** How often a tab that has replaced a silent broker wakes the others; one that got through after failures does once. */
const MAX_CALLS = 3

export interface AttachmentKeeperDeps {
  readonly hosts: HostChoice
  readonly scope: string
  readonly timeoutMs: number
  readonly lease: TabLease
  /** What to say to the next broker. */
  hello(): Omit<Hello, 'lease' | 'lastWords' | 'session' | 'attempt' | 'protocol' | 'scope'>
  attached(attachment: Attachment, welcome: Welcome, isSameBroker: boolean): void
  items(items: Frame['items']): void
  /** The next broker is on another host, where it may not be the only one to follow the one before. */
  hostChanged(): void
  /** There is no broker for the moment; another attempt follows by itself, at once where it is `isBrief`. */
  detached(error: PartylineError, isBrief: boolean): void
  /** No attempt will help; nothing follows. */
  failed(error: PartylineError): void
}

/** Keeps the tab attached to a broker: opens one, and another when it is lost. */
export interface AttachmentKeeper {
  /** Also while it waits for the broker's welcome. */
  readonly current: Attachment | undefined
  /** Also when the page is back from the back/forward cache. */
  attach(): Promise<void>
  /** Does now what a timer waits for, as far as there is something to be done. */
  retryNow(): void
  takeLease(): Promise<Lease>
  /** The page goes, or goes into the back/forward cache, where nothing may reach it; {@link attach} when it is back. */
  leave(how: 'bye' | 'suspend', error: PartylineError): void
}

export function keepAttached(deps: AttachmentKeeperDeps): AttachmentKeeper {
  const { hosts, scope, timeoutMs } = deps
  let current: Attachment | undefined
  /** The attempt that is being made, or the attachment that came of it. */
  let attempt = new AbortController()
  let attempts = 0
  let failures = 0
  let attachedAt = 0
  let generation = 1
  let script: BrokerScript | undefined
  let session: Hello['session']
  let knownEpoch: string | undefined
  let host: HostName | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  /** How often the other tabs are still to be woken. */
  let calls = 0
  let wakeUps: BroadcastChannel | undefined
  let lastWords: readonly LastWord[] = []
  /** How the page has left, if it has. */
  let left: 'bye' | 'suspend' | undefined

  async function attach(): Promise<void> {
    left = undefined
    wakeUps ??= openWakeUps(scope, retryNow, word => (lastWords = [...lastWords, word].slice(-MAX_LAST_WORDS)))
    cancelRetry()
    const own = (attempt = new AbortController())
    const { signal } = own
    signal.addEventListener('abort', () => ended(signal.reason as PartylineError))
    const late = setTimeout(() => own.abort(retryable('call-timeout', `no broker within ${timeoutMs} ms`)), timeoutMs)
    const watching = setInterval(lookForNewer, LOOK_MS)
    let opening: Promise<HostLink> | undefined
    try {
      generation = Math.max(generation, await abortable([signal], () => agreedGeneration(scope)))
      opening = hosts.open({ scope, generation }, signal, script)
      const both = Promise.all([takeLease(), opening])
      const [lease, link] = await abortable([signal], () => both)
      signal.throwIfAborted()
      attachTo(link, lease, own)
    } catch (error) {
      // One that comes too late is nobody's, and a message on it would end a page's stay in the cache.
      opening?.then(link => link.close()).catch(() => {})
      own.abort(
        error instanceof PartylineError
          ? error
          : retryable('worker-failed', `no worker; it threw ${String(error)}`, error),
      )
    } finally {
      clearTimeout(late)
      clearInterval(watching)
    }
  }

  function attachTo(link: HostLink, lease: Lease, over: AbortController): void {
    if (hosts.name !== host) deps.hostChanged()
    host = hosts.name
    const attachment = openAttachment({
      link,
      hello: { ...deps.hello(), lastWords, protocol: PROTOCOL_VERSION, scope, lease, attempt: ++attempts, session },
      timeoutMs,
      over,
      items: deps.items,
      attached(welcome) {
        hosts.worked({
          address: { scope, generation },
          over: over.signal,
          move() {
            failures = 0
            calls = Math.max(calls, 1)
            attachment.leave('bye', staleEpoch())
          },
        })
        attachedAt = performance.now()
        deps.attached(attachment, welcome, welcome.epoch === knownEpoch)
        knownEpoch = welcome.epoch
        // Others may still wait for what has failed here as well.
        if (failures > 0) calls = Math.max(calls, 1)
        wakeOthers()
      },
      answered: wakeOthers,
      moved(to) {
        script = to
        generation = to.generation
      },
      waiting: lookForNewer,
    })
    current = attachment
    if (attempts === 1 && isReloaded())
      setTimeout(
        () => attachment.wasWelcome || over.abort(retryable('call-timeout', 'the broker is silent')),
        RELOADED_MS,
      )
  }

  function takeLease(): Promise<Lease> {
    return deps.lease.take({ scope, generation })
  }

  function cancelRetry(): void {
    clearTimeout(timer)
    timer = undefined
  }

  /** At first they ask their broker, the next time they find that it has not answered. */
  function wakeOthers(): void {
    if (calls-- > 0) wakeUps?.postMessage('wake-up')
  }

  function retryNow(): void {
    if (timer !== undefined) void attach()
    else if (current) current.check()
    else void lookForNewer()
  }

  /** A broker that is dead does not say so; those who knew it have agreed on another. */
  async function lookForNewer(): Promise<void> {
    const own = attempt
    if ((await agreedGeneration(scope)) > generation) own.abort(staleEpoch())
  }

  function ended(error: PartylineError): void {
    const wasWelcome = current?.wasWelcome
    if (current) session = current.session
    current = undefined
    if (left === 'bye') return
    if (wasWelcome && performance.now() - attachedAt > STABLE_MS) failures = 0
    if (left) return deps.detached(error, true)
    if (script && script.protocol.major !== PROTOCOL_VERSION.major)
      return deps.failed(
        new PartylineError('update-required', 'the line has a newer version: reload', { details: script }),
      )
    if (!error.retryable) return deps.failed(error)
    const isSilent = error.code === 'call-timeout'
    // Dead or hung: no tab will find it under its name again.
    if (isSilent) {
      generation++
      calls = MAX_CALLS
    }
    if (error.code === 'worker-failed' || (isSilent && !wasWelcome && failures > 0)) {
      script = undefined
      hosts.failed()
    }
    const isAtOnce = ++failures <= AT_ONCE
    deps.detached(error, isAtOnce && error.code === 'stale-epoch')
    // By a listener that just heard of it.
    if (left) return
    // Without a timer, which a browser that takes a hidden page for too busy may hold back for minutes.
    if (isAtOnce && error.code !== 'worker-failed') void attach()
    else timer = setTimeout(attach, isAtOnce ? TORN_DOWN_MS : fullJitter(failures - AT_ONCE, Math.random(), BACKOFF))
  }

  return {
    get current() {
      return current
    },
    attach,
    takeLease,
    retryNow,
    leave(how, error) {
      left = how
      cancelRetry()
      wakeUps?.close()
      wakeUps = undefined
      current?.leave(how, error)
      attempt.abort(error)
      hosts.leave(error, deps.hello())
    },
  }
}

/** By its user, who may do so because the broker hangs: a SharedWorker may outlive its only page. */
function isReloaded(): boolean {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[]
  return navigation?.type === 'reload'
}

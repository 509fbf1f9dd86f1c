import { vi } from 'vitest'
import { chooseHost } from '../../../src/client/hosts/host-choice.ts'
import { portLink, type Host } from '../../../src/client/hosts/host.ts'
import { sayLastWord } from '../../../src/client/hosts/last-word.ts'
import { ClientLine } from '../../../src/client/line.ts'
import type { Line } from '../../../src/client/types.ts'
import {
  PROTOCOL_VERSION,
  toWorkerName,
  type Announce,
  type BrokerAddress,
  type Continuity,
  type PartylineError,
} from '../../../src/protocol/index.ts'
import {
  createBroker,
  resolveOptions,
  type Broker,
  type BrokerHost,
  type BrokerOptions,
  type Transport,
} from '../../../src/worker/index.ts'
import { mortalPort } from './mortal-port.ts'
import { nodeHost, type NodeHost } from './node-host.ts'
import { nodeStorage } from './storage.ts'
import { peerChannels } from './peer-channels.ts'
import { tabThread, type TabThread } from './tab-thread.ts'
import { testServer, type TestServer, type TestServerOptions } from './test-server.ts'

/** A browser with one scope, in Node: client and broker as they are, and what is between them from Node. */
export interface NodeBrowser {
  readonly server: TestServer
  /** Names of the Web Locks that are held. */
  readonly locks: ReadonlySet<string>
  /** All that ever ran, in the order in which they started. */
  readonly brokers: readonly NodeBroker[]
  /** What reached `reportError`, of tabs and brokers. */
  readonly errors: readonly unknown[]
  /** A tab of the app, whose worker's script is at this url: another is another deploy. */
  openPage(url?: string): NodePage
  close(): void
}

export interface NodeBroker {
  readonly broker: Broker
  readonly url: string
  readonly name: string
  readonly isDead: boolean
  /** The worker is gone, without a word to anybody but the server. */
  kill(): void
}

export interface NodePage extends Pick<TabThread, 'marks' | 'hold' | 'release'> {
  readonly line: Line
  /** Asks the broker now whether it is there, by which it is told a mark. */
  look(): void
  /** Takes its broker for dead, which needs some seconds of silence otherwise. */
  giveUpBroker(): void
  /** Notices that its broker is dead, if it has not by itself. */
  noticeSilence(): void
  /** Goes into the back/forward cache. */
  cache(): void
  /** Comes back from there. */
  restore(): void
  /** Notes what comes in a channel: events' payloads and words of continuity, in order. */
  note(channel: string, options?: { deliver?: 'all' | 'one' }): readonly unknown[]
}

export interface NodeBrowserOptions {
  /** Of the brokers of each deploy. */
  readonly broker?: (url: string) => Partial<BrokerOptions>
  readonly server?: TestServerOptions
  /** For each broker. @default to the test server */
  readonly transport?: () => Transport & { die?(): void }
  /** How much faster the brokers' clocks run. @default 1 */
  readonly speed?: number
  /** Of all brokers. @default one that works */
  readonly openOutbox?: BrokerHost['openOutbox']
}

const SCOPE = 'ann'
const never = new Promise<never>(() => undefined)

/** Stands in for the globals of all tabs until it is closed. */
export function nodeBrowser({
  broker: options,
  server: serverOptions,
  transport: connect,
  speed = 1,
  openOutbox = nodeStorage(),
}: NodeBrowserOptions = {}): NodeBrowser {
  const server = testServer(serverOptions)
  const locks = createLocks()
  const peers = peerChannels()
  const errors: unknown[] = []
  const reportError = (error: unknown): unknown => errors.push(error)
  const brokers: RunningBroker[] = []
  const openedAt = Date.now()
  const lines: Line[] = []
  const forgottenTabs = new Map<string, Set<string>>()
  /** That of the tab which is being opened. */
  let events = new EventTarget()
  const addEventListener = (...args: Parameters<EventTarget['addEventListener']>): void =>
    events.addEventListener(...args)

  vi.stubGlobal('document', { hidden: false, hasFocus: () => false, addEventListener })
  vi.stubGlobal('navigator', { userAgent: 'Node', onLine: true, locks })
  vi.stubGlobal('addEventListener', addEventListener)
  vi.stubGlobal('reportError', reportError)

  function start(url: string, address: BrokerAddress): RunningBroker {
    const death = new AbortController()
    const channels: { close(): void }[] = []
    const real = nodeHost({ locks: locks.held, openOutbox })
    const host: NodeHost = {
      ...real,
      script: { url, type: 'module' },
      now: () => real.now() * speed,
      wallClock: () => openedAt + (Date.now() - openedAt) * speed,
      setTimer: (ms, run) => real.setTimer(ms / speed, () => death.signal.aborted || run()),
      peers: {
        ...peers,
        open(scope, heard) {
          const channel = peers.open(scope, message => death.signal.aborted || heard(message))
          if (channel !== undefined) channels.push(channel)
          return channel
        },
      },
      reportError,
    }
    const transport: Transport & { die?(): void } = connect?.() ?? server.transport()
    const broker = createBroker({
      host,
      ...address,
      options: resolveOptions({ transport, ...options?.(url) }),
      forgottenTabs: forgottenTabsOf(`${url} ${address.generation}`),
    })
    const running: RunningBroker = {
      broker,
      url,
      name: toWorkerName(address),
      get isDead() {
        return death.signal.aborted
      },
      accept: port => broker.accept(mortalPort(port, death.signal)),
      kill() {
        death.abort()
        for (const channel of channels) channel.close()
        transport.die?.()
      },
    }
    brokers.push(running)
    return running
  }

  /** They live as long as the worker, in which one broker may follow another. */
  function forgottenTabsOf(worker: string): Set<string> {
    const known = forgottenTabs.get(worker) ?? new Set()
    forgottenTabs.set(worker, known)
    return known
  }

  /** The worker of this script and name; one that is dead stays so, and nobody answers there. */
  function find(url: string, address: BrokerAddress): RunningBroker {
    const name = toWorkerName(address)
    const known = brokers.findLast(running => running.url === url && running.name === name)
    return known === undefined || known.broker.ended ? start(url, address) : known
  }

  function openPage(url = 'https://app.example/worker.js'): NodePage {
    const own = (events = new EventTarget())
    const thread = tabThread()
    let giveUpBroker = (): void => {}
    let present: RunningBroker | undefined
    const host: Host = {
      name: 'shared',
      async open(address, _signal, script) {
        const { port1, port2 } = new MessageChannel()
        const running = (present = find(script?.url ?? url, address))
        running.accept(port2)
        giveUpBroker = () => port2.postMessage(silenceOf(running.broker))
        return thread.through(portLink(port1, never))
      },
      leave(_why, word) {
        // As where the broker ends with its tab.
        if (present?.isDead === true && word !== undefined) sayLastWord(SCOPE, word)
      },
    }
    const hosts = chooseHost([{ name: 'shared', isThere: true, load: () => host }])
    const line = new ClientLine(hosts, { scope: SCOPE, timeoutMs: 2_000 })
    lines.push(line)
    const transition = (type: string): boolean => own.dispatchEvent(Object.assign(new Event(type), { persisted: true }))
    return {
      line,
      marks: thread.marks,
      hold: thread.hold,
      release: thread.release,
      look: () => own.dispatchEvent(new Event('visibilitychange')),
      giveUpBroker: () => giveUpBroker(),
      noticeSilence() {
        if (present?.isDead === true) giveUpBroker()
      },
      cache: () => transition('pagehide'),
      restore: () => transition('pageshow'),
      note(name, how) {
        const noted: unknown[] = []
        const channel = line.channel(name)
        channel.onContinuity(continuity => noted.push(wordFor(continuity)))
        channel.onAny(payload => noted.push(payload), how)
        return noted
      },
    }
  }

  return {
    server,
    locks: locks.held,
    brokers,
    errors,
    openPage,
    close() {
      for (const line of lines) line.close()
      for (const { broker } of brokers) broker.close()
      vi.unstubAllGlobals()
    },
  }
}

interface RunningBroker extends NodeBroker {
  accept(port: MessagePort): void
}

/** As much of a LockManager as tabs use. */
function createLocks() {
  const held = new Set<string>()
  const last = new Map<string, Promise<void>>()

  async function hold(name: string, use: () => Promise<void>): Promise<void> {
    held.add(name)
    try {
      await use()
    } finally {
      held.delete(name)
    }
  }

  return {
    held,
    request(name: string, use: () => Promise<void>): Promise<void> {
      const mine = (last.get(name) ?? Promise.resolve()).then(() => hold(name, use))
      last.set(name, mine)
      return mine
    },
    query: async () => ({ held: Array.from(held, name => ({ name })) }),
  }
}

/** What a tab concludes that has waited for an answer long enough. */
function silenceOf({ epoch }: Broker): Announce {
  const error: Pick<PartylineError, 'code' | 'message' | 'retryable'> = {
    code: 'call-timeout',
    message: 'the broker is silent',
    retryable: true,
  }
  return { type: 'partyline:announce', protocol: PROTOCOL_VERSION, epoch, error }
}

function wordFor(continuity: Continuity): string {
  return 'missed' in continuity ? `${continuity.verdict} ${continuity.missed}` : continuity.verdict
}

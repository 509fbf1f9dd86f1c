import { openAttachment, type Attachment } from '../../../src/client/attachment.ts'
import { portLink } from '../../../src/client/hosts/host.ts'
import type { EventItem, Hello, Item, Notice, Op, Stats, Welcome } from '../../../src/protocol/index.ts'
import { PartylineError, PROTOCOL_VERSION } from '../../../src/protocol/index.ts'
import { createBroker, resolveOptions, type Broker, type BrokerOptions } from '../../../src/worker/index.ts'
import { itemsOf } from './items-of.ts'
import { nodeHost, type NodeHost } from './node-host.ts'
import { waitFor } from './wait-for.ts'

export interface NodeLine {
  readonly broker: Broker
  readonly host: NodeHost
  /**
   * Attaches a tab over real message ports.
   * @param heard called with each item that comes, also before the promise resolves
   */
  openTab(options?: Partial<Hello>, heard?: Heard): Promise<NodeTab>
  /** A bare control port, for those who do not keep to the protocol. */
  openPort(): MessagePort
  close(): void
}

export interface NodeTab {
  readonly welcome: Welcome
  readonly items: readonly Item[]
  /** Those that came as text, for several tabs at once. */
  readonly texts: readonly string[]
  ended(): PartylineError | undefined
  ask(...ops: Op[]): ReturnType<Attachment['ask']>
  stats(signal?: AbortSignal): Promise<Stats>
  events(): readonly EventItem[]
  payloads(): readonly unknown[]
  notices<Type extends Notice['type']>(type: Type): readonly Extract<Notice, { type: Type }>[]
  /** Resolves once a notice of this type fits. */
  notice<Type extends Notice['type']>(
    type: Type,
    fits?: (notice: Extract<Notice, { type: Type }>) => boolean,
  ): Promise<Extract<Notice, { type: Type }>>
  /** Asks whether the broker is there, as tabs do again and again. */
  ping(): void
  close(): void
}

export type Heard = (item: Item, ask: NodeTab['ask']) => void

export const SCOPE = 'ann'

/** A broker in Node with real message ports, and tabs that attach to it through the client's own attachment. */
export function startNodeLine(options: BrokerOptions, host = nodeHost(), scope = SCOPE): NodeLine {
  const broker = createBroker({ host, scope, options: resolveOptions(options) })
  const ends: (() => void)[] = []
  let tabs = 0

  function openPort(): MessagePort {
    const { port1, port2 } = new MessageChannel()
    ends.push(() => port1.close())
    broker.accept(port2)
    return port1
  }

  return {
    broker,
    host,
    openPort,
    openTab(hello = {}, heard = () => undefined) {
      const name = `tab-${++tabs}`
      host.locks.add(name)
      const greeting: Hello = {
        protocol: PROTOCOL_VERSION,
        scope,
        tabId: name,
        attempt: 1,
        lease: { kind: 'lock', name },
        visible: true,
        focused: false,
        online: true,
        hasCredentials: false,
        wanted: [],
        ...hello,
      }
      return attachTab(openPort(), greeting, heard)
    },
    close() {
      broker.close()
      for (const end of ends) end()
    },
  }
}

async function attachTab(control: MessagePort, hello: Hello, heard: Heard): Promise<NodeTab> {
  const items: Item[] = []
  const texts: string[] = []
  let welcome: Welcome | undefined
  const over = new AbortController()
  const ended = (): PartylineError | undefined => over.signal.reason as PartylineError | undefined
  const ask: NodeTab['ask'] = (...ops) => attachment.ask(ops)
  const attachment = openAttachment({
    link: portLink(control, new Promise<never>(() => undefined)),
    hello,
    timeoutMs: 2_000,
    over,
    attached(given) {
      welcome = given
    },
    items: given => {
      for (const item of given) {
        if (typeof item === 'string') texts.push(item)
        for (const one of itemsOf({ type: 'frame', seq: 0, items: [item] })) {
          items.push(one)
          heard(one, ask)
        }
      }
    },
    moved: () => undefined,
    waiting: () => undefined,
    answered: () => undefined,
  })
  await waitFor(() => welcome ?? ended(), 'a welcome')
  if (welcome === undefined) throw ended() ?? new Error('neither welcomed nor refused')
  const ofType = <Type extends Notice['type']>(type: Type): Extract<Notice, { type: Type }>[] =>
    items.filter(
      (item): item is Extract<Notice, { type: Type }> => !Array.isArray(item) && (item as Notice).type === type,
    )
  const events = (): EventItem[] => items.filter((item): item is EventItem => Array.isArray(item))
  return {
    welcome,
    items,
    texts,
    ended,
    ask,
    stats: signal => attachment.call('stats', undefined, signal) as Promise<Stats>,
    events,
    payloads: () => events().map(([, , payload]) => payload),
    notices: ofType,
    notice: (type, fits = () => true) => waitFor(() => ofType(type).find(fits), `a notice ${type}`),
    ping: attachment.check,
    close: () => attachment.leave('bye', new PartylineError('line-closed', 'closed by the test')),
  }
}

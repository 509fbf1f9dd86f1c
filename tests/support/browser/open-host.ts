import { onTestFinished } from 'vitest'
import { openAttachment, type Attachment } from '../../../src/client/attachment.ts'
import type { Host, HostLink } from '../../../src/client/hosts/host.ts'
import type { ConnectOptions } from '../../../src/client/types.ts'
import { deferred } from '../../../src/lib/index.ts'
import {
  PROTOCOL_VERSION,
  type EventItem,
  type Hello,
  type Item,
  type PartylineError,
  type Welcome,
} from '../../../src/protocol/index.ts'
import { itemsOf } from '../line/items-of.ts'

export const notingWorker: ConnectOptions['worker'] = options =>
  new SharedWorker(new URL('./noting.worker.ts', import.meta.url), { ...options, type: 'module' })

/** A tab that is attached over a link. */
export interface HostTab {
  readonly link: HostLink
  readonly epoch: string
  readonly attachment: Attachment
  readonly ended: Promise<PartylineError>
  payloads(): readonly unknown[]
  publish(payload: unknown): Promise<void>
}

/** A host as a tab has one; left at the end of the test. */
export function openHost(create: (worker: ConnectOptions['worker']) => Host, worker = notingWorker): Host {
  const host = create(worker)
  onTestFinished(() => host.leave())
  return host
}

/** Opens a link and attaches to the broker behind it, with one channel. Rejects with why it was refused. */
export async function openTab(host: Host, scope: string, generation = 1): Promise<HostTab> {
  const link = await host.open({ scope, generation }, AbortSignal.timeout(5_000))
  const events: EventItem[] = []
  const ended = deferred<PartylineError>()
  const welcome = deferred<Welcome>()
  const over = new AbortController()
  over.signal.addEventListener('abort', () => {
    const error = over.signal.reason as PartylineError
    ended.resolve(error)
    welcome.reject(error)
  })
  const attachment = openAttachment({
    link,
    hello: helloOf(scope),
    timeoutMs: 5_000,
    over,
    attached: given => welcome.resolve(given),
    items(items) {
      for (const item of itemsOf({ type: 'frame', seq: 0, items })) if (isEvent(item)) events.push(item)
    },
    moved() {},
    waiting() {},
    answered() {},
  })
  let published = 0
  return {
    link,
    attachment,
    epoch: (await welcome.promise).epoch,
    ended: ended.promise,
    payloads: () => events.map(([, , payload]) => payload),
    async publish(payload) {
      await attachment.ask([
        { op: 'publish', id: ++published, channel: 'orders', event: 'said', payload, timeoutMs: 5_000 },
      ])
    },
  }
}

function isEvent(item: Item): item is EventItem {
  return Array.isArray(item)
}

function helloOf(scope: string): Hello {
  return {
    protocol: PROTOCOL_VERSION,
    scope,
    tabId: crypto.randomUUID(),
    attempt: 1,
    lease: { kind: 'silence' },
    visible: true,
    focused: false,
    online: true,
    hasCredentials: false,
    wanted: [{ channel: 'orders' }],
  }
}

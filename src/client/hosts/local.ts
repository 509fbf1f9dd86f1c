import { describe, PartylineError, toWorkerName } from '../../protocol/index.ts'
import { LOCAL_SLOT, type LocalSlot, type OpenLocalBroker } from '../../protocol/local-slot.ts'
import { abortable } from '../abortable.ts'
import type { ConnectOptions } from '../types.ts'
import { portLink, type Host, type HostLink } from './host.ts'
import { recordScript } from './worker-script.ts'

/**
 * The broker in the page itself: the last resort, with one connection for each tab. The worker's script is imported
 * into the page once; every link has a broker of its own, which ends with the link, so that nothing keeps the page
 * out of the back/forward cache.
 */
export function localHost(worker: ConnectOptions['worker']): Host {
  const links = new Set<HostLink>()
  return {
    name: 'local',
    async open(address, signal) {
      signal.throwIfAborted()
      const { url } = recordScript(worker, toWorkerName(address))
      const openBroker = await abortable([signal], () => importOnce(new URL(url, document.baseURI).href))
      const { port1, port2 } = new MessageChannel()
      const broker = openBroker(address)
      broker.accept(port2)
      const link = portLink(port1, new Promise<never>(() => {}), () => {
        links.delete(link)
        broker.close()
      })
      links.add(link)
      return link
    },
    leave() {
      for (const link of links) link.close()
    },
  }
}

/** An import that failed is forgotten: the next attempt may succeed. */
function importOnce(url: string): Promise<OpenLocalBroker<MessagePort>> {
  const slot = pageSlot()
  const known = slot.scripts.get(url)
  if (known !== undefined) return known
  const imported = slot.imports.then(() => importScript(url, slot))
  slot.scripts.set(url, imported)
  slot.imports = imported.catch(() => slot.scripts.delete(url))
  return imported
}

async function importScript(url: string, slot: LocalSlot<MessagePort>): Promise<OpenLocalBroker<MessagePort>> {
  const received: OpenLocalBroker<MessagePort>[] = []
  slot.receive = open => received.push(open)
  try {
    await import(/* @vite-ignore */ /* webpackIgnore: true */ url)
  } catch (error) {
    throw new PartylineError('worker-failed', `the page cannot run ${url}: ${describe(error)}`, {
      retryable: true,
      cause: error,
    })
  } finally {
    delete slot.receive
  }
  const [openBroker] = received
  if (openBroker !== undefined) return openBroker
  throw new PartylineError(
    'worker-failed',
    `${url} did not call startBroker while it ran for the first time; in a page it must run first here`,
  )
}

function pageSlot(): LocalSlot<MessagePort> {
  const slots = globalThis as { [slot: symbol]: LocalSlot<MessagePort> | undefined }
  return (slots[Symbol.for(LOCAL_SLOT)] ??= { scripts: new Map(), imports: Promise.resolve() })
}

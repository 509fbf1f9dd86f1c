import { brokersChannel } from '../protocol/index.ts'
import { browserCaches, tellWiped } from './caching/answer-caches.ts'
import { deleteOutbox, openOutbox } from '../outbox/index.ts'
import type { BrokerHost, PeerChannel } from './host.ts'
import type { PeerHost } from './peers/identity.ts'

/**
 * The browser's own globals, in a worker of any kind.
 *
 * @param host which kind, where it has others beside it
 */
export function browserHost(host?: PeerHost): BrokerHost {
  return {
    now: () => performance.now(),
    random: () => Math.random(),
    randomId: () => Array.from(crypto.getRandomValues(new Uint32Array(4)), part => part.toString(36)).join(''),
    setTimer(ms, run) {
      // A longer delay would fire at once.
      const timer = setTimeout(run, Math.min(ms, 2 ** 31 - 1))
      return () => clearTimeout(timer)
    },
    async heldLocks() {
      // Not there in insecure contexts, whatever the type says.
      const locks = navigator.locks as LockManager | undefined
      // Refused where storage is, such as in sandboxed frames.
      const snapshot = await locks?.query().catch(() => undefined)
      return snapshot && new Set(snapshot.held?.map(lock => lock.name ?? ''))
    },
    wallClock: () => Date.now(),
    script: { url: location.href, type: isModule() ? 'module' : 'classic' },
    openOutbox,
    deleteOutbox,
    ...(host === undefined ? {} : { peers: { host, open: openPeers } }),
    caches: browserCaches(host && tellWiped),
    reportError: error => reportError(error),
  }
}

function openPeers(scope: string, heard: (message: unknown) => void): PeerChannel | undefined {
  // Not there in older browsers, whatever the type says.
  if (typeof BroadcastChannel === 'undefined') return undefined
  const channel = new BroadcastChannel(brokersChannel(scope))
  channel.addEventListener('message', ({ data }) => heard(data))
  return { post: message => channel.postMessage(message), close: () => channel.close() }
}

/** Only classic workers may import scripts. Firefox says so only when there is one to import, be it empty. */
function isModule(): boolean {
  try {
    ;(globalThis as { importScripts?: (url: string) => void }).importScripts?.('data:text/javascript,')
    return false
  } catch (error) {
    // What a content security policy forbids is another error.
    return error instanceof TypeError
  }
}

import { connect, type Line } from 'partyline'
import { openOutbox } from '../../../../src/outbox/index.ts'
import { registerServiceWorker, type AppServiceWorker } from 'partyline/register'

declare global {
  interface Window {
    /** Resolves when the service worker answers this page's requests. */
    controlled: Promise<AppServiceWorker>
    /** What the page heard of its service worker, in order. */
    heard: string[]
    /** For tests that play a broker which is gone since. */
    openOutbox: typeof openOutbox
    registerServiceWorker: typeof registerServiceWorker
    /** How often this page was loaded in this tab. */
    loads: number
  }
}

const query = new URLSearchParams(location.search)
const scope = query.get('scope') ?? undefined
const server = query.get('server') ?? undefined

/** Only with a server there is a line; without one the page tells its scope itself, or none. */
function lineAt(url: string): Line {
  const line = connect({
    worker: options => new SharedWorker(new URL('../app.worker.ts', import.meta.url), { ...options, type: 'module' }),
    scope: `${scope ?? 'ann'}@${url}`,
  })
  for (const name of (query.get('channels') ?? 'orders').split(',')) line.channel(name).onAny(() => {})
  window.line = line
  return line
}

async function register(): Promise<AppServiceWorker> {
  const whose = server === undefined ? { ...(scope === undefined ? {} : { scope }) } : { line: lineAt(server) }
  const worker = await registerServiceWorker('/sw.js', whose)
  for (const type of ['update', 'waiting', 'controlling'] as const)
    worker.on(type, state => window.heard.push(`${type}: ${state}`))
  if (worker.state === 'none')
    await new Promise(resolve => navigator.serviceWorker.addEventListener('controllerchange', resolve, { once: true }))
  return worker
}

window.heard = []
window.openOutbox = openOutbox
window.registerServiceWorker = registerServiceWorker
window.loads = Number(sessionStorage.getItem('loads') ?? 0) + 1
sessionStorage.setItem('loads', String(window.loads))
window.controlled = register()

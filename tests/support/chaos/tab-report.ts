import { expect, type Page } from '@playwright/test'

/** Long enough for whatever a page runs once a second. */
const PROBE_MS = 2_000

/** What of a page still works, and what it wants. */
interface Probes {
  timers: boolean
  messages: boolean
  /** The generations in its leases. */
  generations: readonly string[]
}

declare global {
  interface Window {
    probes?: Probes
  }
}

/**
 * Waits until the line is open in all tabs.
 * @param story what happened before, the last last
 * @throws with how each tab stands
 */
export async function expectAllOpen(pages: readonly Page[], story: readonly string[], timeout: number): Promise<void> {
  try {
    await expect.poll(() => Promise.all(pages.map(statusOf)), { timeout }).toEqual(pages.map(() => 'open'))
  } catch (cause) {
    const reports = await Promise.all(pages.map(reportOf))
    const lines = reports.map((report, index) => `  ${index + 1}. ${report}`)
    const after = `after ${story.slice(-12).join(', ')}`
    throw new Error([`not open in all tabs within ${timeout} ms, ${after}:`, ...lines].join('\n'), { cause })
  }
}

function statusOf(page: Page): Promise<string> {
  return page.evaluate(() => window.line.status)
}

/** One line. A page whose timers are stopped still gets messages; one that is frozen does not. */
async function reportOf(page: Page): Promise<string> {
  await page.evaluate(probe)
  await new Promise(resolve => setTimeout(resolve, PROBE_MS))
  const { status, reason, forMs, isHidden, probes } = await page.evaluate(() => ({
    status: window.line.status,
    reason: window.line.reason,
    forMs: performance.now() - (window.ledger.findLast(entry => entry.kind === 'status')?.at ?? 0),
    isHidden: document.hidden,
    probes: window.probes,
  }))
  return [
    `${status}${reason === undefined ? '' : ` (${reason})`} for ${Math.round(forMs)} ms`,
    isHidden ? 'hidden' : 'visible',
    probes?.timers === true ? 'timers run' : 'timers do not run',
    probes?.messages === true ? 'messages arrive' : 'messages do not arrive',
    `wants generation ${probes?.generations.join(' and ') || 'unknown'}`,
    page.url(),
  ].join(', ')
}

function probe(): void {
  const probes: Probes = (window.probes = { timers: false, messages: false, generations: [] })
  setTimeout(() => (probes.timers = true))
  const { port1, port2 } = new MessageChannel()
  port1.addEventListener('message', () => (probes.messages = true))
  port1.start()
  port2.postMessage(undefined)
  const own = `probe ${Math.random()}`
  // Not there on host `local`.
  void (navigator.locks as LockManager | undefined)?.request(own, async () => {
    const { held = [] } = await navigator.locks.query()
    const page = held.find(({ name }) => name === own)?.clientId
    const leases = held.filter(({ name, clientId }) => clientId === page && name?.startsWith('partyline/'))
    probes.generations = leases.map(({ name = '' }) => name.split(':')[2] ?? name)
  })
}

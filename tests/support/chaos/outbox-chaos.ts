import type { Browser, BrowserContext, Page } from '@playwright/test'
import { deferred } from '../../../src/lib/index.ts'
import { controlled, offlinePageUrl, stopServiceWorkers, type OfflinePageOptions } from '../e2e/offline-page.ts'
import { crashTab } from '../faults/crash-tab.ts'
import { killBroker } from '../faults/kill-broker.ts'
import type { Random } from '../random.ts'

/** The moments of a message at which something may break. */
export const MOMENTS = [
  'before store',
  'after store',
  'after send',
  'before acknowledgement',
  'after acknowledgement',
] as const
export type Moment = (typeof MOMENTS)[number]

/** What breaks. With `everybody` all tabs are closed, and the service worker is left to send, and breaks as well. */
export const VICTIMS = ['server', 'connection', 'broker', 'tab'] as const
export type Victim = (typeof VICTIMS)[number] | 'everybody'

/** Those moments that a service worker can break at. */
const SENDING = ['after send', 'before acknowledgement', 'after acknowledgement'] as const
type SendingMoment = (typeof SENDING)[number]
const NUDGE_EVERY_MS = 250

/** One thing that is to break, once, at this message, or at the first one behind it that comes to this moment. */
export interface Break {
  readonly lane: string
  readonly n: number
  readonly moment: Moment
  readonly victim: Victim
}

export interface BreakPlan {
  readonly lanes: readonly string[]
  readonly perLane: number
  /** How many breaks of each moment. */
  readonly ofEach: number
  /** How often all tabs are closed. */
  readonly ofAll: number
}

/** Breaks at every moment, spread over all lanes and their whole length. */
export function planBreaks(random: Random, { lanes, perLane, ofEach, ofAll }: BreakPlan): Break[] {
  const somewhere = (): Pick<Break, 'lane' | 'n'> => ({
    lane: random.pick(lanes),
    n: 1 + Math.floor(random.next() * perLane),
  })
  return [
    ...MOMENTS.flatMap(moment =>
      Array.from({ length: ofEach }, () => ({ ...somewhere(), moment, victim: random.pick(VICTIMS) })),
    ),
    ...Array.from({ length: ofAll }, () => ({ ...somewhere(), moment: 'after store', victim: 'everybody' }) as const),
  ]
}

export interface WriterOptions {
  readonly lanes: readonly string[]
  readonly perLane: number
  /** Those of this tab's lanes that are to break here. */
  readonly breaks: readonly Break[]
}

/**
 * Publishes from a page as an app does that must lose nothing: it keeps in `localStorage` up to where everything is
 * stored, and goes on from there after a reload, under the same keys.
 */
export function write({ lanes, perLane, breaks }: WriterOptions): void {
  const AT_ONCE = 25
  const page = window as unknown as { broken(moment: string, lane: string, n: number): void }
  const left = new Set(breaks)

  for (const lane of lanes) void writeLane(lane)

  async function writeLane(lane: string): Promise<void> {
    for (let first = Number(localStorage.getItem(lane) ?? 0) + 1; first <= perLane; first += AT_ONCE) {
      const last = Math.min(first + AT_ONCE - 1, perLane)
      await Promise.all(Array.from({ length: last - first + 1 }, (_, index) => store(lane, first + index)))
      localStorage.setItem(lane, String(last))
    }
  }

  /** A message that nobody could take is published again. */
  async function store(lane: string, n: number): Promise<void> {
    for (;;) {
      try {
        const storing = window.line.channel('orders').publish('say', { lane, n }, { lane, key: `${lane}:${n}` })
        tell('before store', lane, n)
        await storing
        return tell('after store', lane, n)
      } catch (error) {
        if (!(error as { retryable?: boolean }).retryable) throw error
      }
    }
  }

  function tell(moment: string, lane: string, n: number): void {
    for (const one of left)
      if (one.moment === moment && one.lane === lane && n >= one.n) {
        left.delete(one)
        page.broken(moment, lane, n)
      }
  }
}

export interface OutboxChaosDeps {
  readonly browser: Browser
  readonly context: BrowserContext
  readonly tab: OfflinePageOptions & { readonly scope: string; readonly server: string }
  /** For each tab, its lanes. */
  readonly lanes: readonly (readonly string[])[]
  readonly perLane: number
  readonly breaks: readonly Break[]
  readonly cut: () => Promise<void>
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
}

/** Tabs that write, and what breaks them. */
export class OutboxChaos {
  readonly #deps: OutboxChaosDeps
  readonly #tabs: Page[] = []
  readonly #left: Set<Break>
  /** Breaks come one after the other: the next when the harm of the last is done. */
  #breaking: Promise<unknown> = Promise.resolve()
  readonly #failed = deferred<never>()
  readonly done: Break[] = []
  /** Where the service worker is still to break while it is alone. */
  #sending: SendingMoment[] = []
  #alone: Page | undefined
  readonly serviceWorkerBreaks: SendingMoment[] = []

  constructor(deps: OutboxChaosDeps) {
    this.#deps = deps
    this.#left = new Set(deps.breaks)
  }

  get tabs(): readonly Page[] {
    return this.#tabs
  }

  async start(): Promise<void> {
    await this.#deps.context.exposeFunction('broken', (moment: Moment, lane: string, n: number) =>
      this.reached(moment, lane, n),
    )
    // What breaks meanwhile has to wait.
    this.#breaking = this.#openAll()
    await this.#breaking
  }

  /** A message has come to this moment. True when something breaks now. */
  reached(moment: Moment, lane: string, n: number): boolean {
    const found = [...this.#left].find(one => one.moment === moment && one.lane === lane && n >= one.n)
    if (found === undefined) return false
    this.#left.delete(found)
    this.done.push(found)
    this.#breaking = this.#breaking.then(() => this.#break(found))
    this.#breaking.catch(this.#failed.reject)
    return true
  }

  /** A batch of the service worker has come. Tells at which moment it breaks over it, if it does. */
  batch(): SendingMoment | undefined {
    const page = this.#alone
    if (page === undefined) return undefined
    const moment = this.#sending.shift()
    if (moment === undefined) return undefined
    this.serviceWorkerBreaks.push(moment)
    void stopServiceWorkers(page).catch(() => undefined)
    return moment
  }

  /** Resolves when everything that broke so far has been mended. */
  async mended(): Promise<void> {
    await this.#breaking
  }

  /** Rejects as soon as something cannot be mended: what breaks after it would not be, either. */
  get failed(): Promise<never> {
    return this.#failed.promise
  }

  async #break({ victim, lane }: Break): Promise<void> {
    const { browser, lanes, cut, stop, start } = this.#deps
    if (victim === 'connection') return cut()
    if (victim === 'server') return stop().then(start)
    if (victim === 'broker') return killBroker(browser).catch(() => undefined)
    if (victim === 'everybody') return this.#closeAll()
    const index = lanes.findIndex(own => own.includes(lane))
    const page = this.#tabs[index]
    if (page !== undefined) await crashTab(page)
    await this.#open(index)
  }

  /**
   * Until the service worker has broken at each of its moments, or has sent all that was stored: what it leaves is for
   * the line to break at. The page of another user keeps it awake.
   */
  async #closeAll(): Promise<void> {
    const { context, tab, lanes, perLane, stop, start } = this.#deps
    // So that there is something to send.
    await stop()
    await Promise.all(this.#tabs.map((page, index) => piledUp(page, lanes[index] ?? [], perLane)))
    await Promise.all(this.#tabs.map(page => page.close()))
    const page = await context.newPage()
    this.#sending = [...SENDING]
    this.#alone = page
    await page.goto(offlinePageUrl({ app: tab.app, scope: 'somebody else' }))
    await controlled(page)
    await page.waitForFunction(() => 'openOutbox' in window)
    while (this.#sending.length > 0 && (await waitingOf(page, `${tab.scope}@${tab.server}`)) > 0) {
      await nudge(page)
      await new Promise(resolve => setTimeout(resolve, NUDGE_EVERY_MS))
    }
    this.#alone = undefined
    await page.close()
    await start()
    await this.#openAll()
  }

  async #openAll(): Promise<void> {
    for (const index of this.#deps.lanes.keys()) await this.#open(index)
  }

  async #open(index: number): Promise<void> {
    const { context, tab, lanes, perLane } = this.#deps
    const breaks = [...this.#left]
    const page = await context.newPage()
    this.#tabs[index] = page
    await page.goto(offlinePageUrl(tab))
    await page.evaluate(write, { lanes: lanes[index] ?? [], perLane, breaks })
  }
}

/** Resolves when messages wait, or this page has stored all that it has. */
async function piledUp(page: Page, lanes: readonly string[], perLane: number): Promise<void> {
  await page.waitForFunction(
    async ([own, all]) => {
      const { waiting } = await window.line.outbox.counts().catch(() => ({ waiting: 0 }))
      return waiting > 0 || own.every(lane => Number(localStorage.getItem(lane)) === all)
    },
    [lanes, perLane] as const,
  )
}

function waitingOf(page: Page, scope: string): Promise<number> {
  return page.evaluate(async whose => {
    const box = await window.openOutbox({ scope: whose })
    const { waiting } = await box.refresh()
    box.close()
    return waiting
  }, scope)
}

async function nudge(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready
    active?.postMessage({ type: 'partyline:nudge' })
  })
}

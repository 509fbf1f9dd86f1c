import type { Browser, BrowserContext, Page } from '@playwright/test'
import { tabUrl, type TabOptions } from '../e2e/tab.ts'
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

/** What breaks. */
export const VICTIMS = ['server', 'connection', 'broker', 'tab'] as const
export type Victim = (typeof VICTIMS)[number]

/** One thing that is to break, once, at this message. */
export interface Break {
  readonly lane: string
  readonly n: number
  readonly moment: Moment
  readonly victim: Victim
}

/** So many breaks of each moment, spread over all lanes and their whole length. */
export function planBreaks(random: Random, lanes: readonly string[], perLane: number, ofEach: number): Break[] {
  return MOMENTS.flatMap(moment =>
    Array.from({ length: ofEach }, () => ({
      lane: random.pick(lanes),
      n: 1 + Math.floor(random.next() * perLane),
      moment,
      victim: random.pick(VICTIMS),
    })),
  )
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
    if (breaks.some(one => one.moment === moment && one.lane === lane && one.n === n)) page.broken(moment, lane, n)
  }
}

export interface OutboxChaosDeps {
  readonly browser: Browser
  readonly context: BrowserContext
  readonly tab: TabOptions
  /** For each tab, its lanes. */
  readonly lanes: readonly (readonly string[])[]
  readonly perLane: number
  readonly breaks: readonly Break[]
  readonly cut: () => Promise<void>
  readonly restart: () => Promise<void>
}

/** Tabs that write, and what breaks them. */
export class OutboxChaos {
  readonly #deps: OutboxChaosDeps
  readonly #tabs: Page[] = []
  readonly #left: Set<Break>
  /** Breaks come one after the other: the next when the harm of the last is done. */
  #breaking: Promise<unknown> = Promise.resolve()
  readonly done: Break[] = []

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
    for (const index of this.#deps.lanes.keys()) await this.#open(index)
  }

  /** A message has come to this moment. True when something breaks now. */
  reached(moment: Moment, lane: string, n: number): boolean {
    const found = [...this.#left].find(one => one.moment === moment && one.lane === lane && one.n === n)
    if (found === undefined) return false
    this.#left.delete(found)
    this.done.push(found)
    this.#breaking = this.#breaking.then(() => this.#break(found))
    return true
  }

  /** Resolves when everything that broke has been mended. */
  async mended(): Promise<void> {
    await this.#breaking
  }

  async #break({ victim, lane }: Break): Promise<void> {
    const { browser, lanes, cut, restart } = this.#deps
    if (victim === 'connection') return cut()
    if (victim === 'server') return restart()
    if (victim === 'broker') return killBroker(browser).catch(() => undefined)
    const index = lanes.findIndex(own => own.includes(lane))
    const page = this.#tabs[index]
    if (page !== undefined) await crashTab(page)
    await this.#open(index)
  }

  async #open(index: number): Promise<void> {
    const { context, tab, lanes, perLane, breaks } = this.#deps
    const page = await context.newPage()
    this.#tabs[index] = page
    await page.goto(tabUrl(tab))
    await page.evaluate(write, { lanes: lanes[index] ?? [], perLane, breaks })
  }
}

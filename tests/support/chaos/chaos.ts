import type { Browser, BrowserContext, Page } from '@playwright/test'
import type { Entry } from '../app/main.ts'
import { ledgerOf, tabUrl, type TabOptions } from '../e2e/tab.ts'
import { runningWorkers, withBrowserSession, type RunningWorker } from '../e2e/workers.ts'
import { intoCache, outOfCache } from '../faults/back-forward-cache.ts'
import { clockJump } from '../faults/clock-jump.ts'
import { crashTab } from '../faults/crash-tab.ts'
import { crashWorkerHost } from '../faults/crash-worker-host.ts'
import { freeze } from '../faults/freeze.ts'
import { hangBroker } from '../faults/hang-broker.ts'
import { killBroker } from '../faults/kill-broker.ts'
import type { Proxy } from '../faults/proxy.ts'
import { show } from '../faults/visibility.ts'
import type { Random } from '../random.ts'
import type { SocketIoServer } from '../servers/socket-io-server.ts'

export interface ChaosDeps {
  readonly browser: Browser
  readonly context: BrowserContext
  readonly server: SocketIoServer
  readonly proxy: Proxy
  readonly random: Random
  readonly tab: TabOptions
  readonly count: number
  /** Faults that cannot be had. */
  readonly without: readonly string[]
  /** A page's life has ended with this ledger. */
  ended(ledger: readonly Entry[]): void
}

/** A tab of the app; its page is replaced when it crashes. */
interface Slot {
  page: Page
  /** Undoes what was done to it. */
  release?: (() => Promise<void>) | undefined
}

/** Some tabs, and all that can happen to them, their broker and its connection. */
export class Chaos {
  readonly #deps: ChaosDeps
  readonly #slots: Slot[] = []
  readonly #done = new Map<string, number>()

  constructor(deps: ChaosDeps) {
    this.#deps = deps
  }

  /** How often each fault was there. */
  get done(): ReadonlyMap<string, number> {
    return this.#done
  }

  get pages(): readonly Page[] {
    return this.#slots.map(({ page }) => page)
  }

  async start(): Promise<void> {
    while (this.#slots.length < this.#deps.count) this.#slots.push({ page: await this.#open() })
  }

  /** One fault, whichever comes. */
  async next(): Promise<string> {
    const { random, without } = this.#deps
    const fault = random.pick(Object.keys(this.#faults).filter(name => !without.includes(name)))
    const took = await this.#faults[fault]?.()
    if (took !== false) this.#done.set(fault, (this.#done.get(fault) ?? 0) + 1)
    return fault
  }

  /** Undoes what lasts. */
  async calm(): Promise<void> {
    this.#deps.proxy.heal()
    for (const slot of this.#slots) await this.#release(slot)
  }

  /** `false`: there was nothing that it could have been done to. */
  readonly #faults: { readonly [fault: string]: () => Promise<void | false> } = {
    freezeOrThaw: async () => {
      const slot = this.#slot()
      if (slot.release) return this.#release(slot)
      slot.release = await freeze(slot.page)
    },
    cacheOrBack: async () => {
      const slot = this.#slot()
      if (slot.release) return this.#release(slot)
      const ledger = await ledgerOf(slot.page)
      await intoCache(slot.page)
      slot.release = async () => {
        const { persisted } = await outOfCache(slot.page)
        if (!persisted) this.#deps.ended(ledger)
      }
    },
    show: async () => {
      const slot = this.#slot()
      if (!slot.release) await show(slot.page)
    },
    reload: async () => {
      const slot = this.#slot()
      await this.#release(slot)
      await this.#end(slot.page)
      await slot.page.reload()
    },
    close: async () => {
      const slot = this.#slot()
      await this.#release(slot)
      await this.#end(slot.page)
      await slot.page.close()
      slot.page = await this.#open()
    },
    crash: async () => {
      const slot = this.#slot()
      await this.#release(slot)
      await crashTab(slot.page)
      await this.#reopenClosed()
    },
    crashWorkerHost: async () => {
      const worker = await this.#worker()
      // Of several, one that hangs cannot be found.
      const crash = crashWorkerHost(this.#deps.browser, ({ targetId }) => targetId === worker?.targetId)
      const took = await crash.then(() => undefined, nothingDone)
      await this.#reopenClosed()
      return took
    },
    killBroker: async () => {
      const worker = await this.#worker()
      const kill = killBroker(this.#deps.browser, ({ targetId }) => targetId === worker?.targetId)
      return kill.catch(nothingDone)
    },
    hangBroker: async () => {
      const worker = await this.#worker()
      const ms = 500 + Math.round(this.#deps.random.next() * 6_000)
      const hang = hangBroker(this.#deps.browser, ms, ({ targetId }) => targetId === worker?.targetId)
      return hang.catch(nothingDone)
    },
    cut: async () => {
      this.#deps.proxy.cut()
    },
    halfOpenOrHeal: async () => {
      this.#deps.proxy.swallow()
      await new Promise(resolve => setTimeout(resolve, 300 + this.#deps.random.next() * 1_500))
      this.#deps.proxy.heal()
    },
    clockJump: async () => {
      await clockJump(this.#deps.browser, 1_000 + Math.round(this.#deps.random.next() * 4_000))
    },
    deploy: async () => {
      const slot = this.#slot()
      await this.#release(slot)
      await this.#end(slot.page)
      await slot.page.goto(tabUrl({ ...this.#deps.tab, deploy: this.#deps.random.pick(['first', 'next']) }))
    },
  }

  #slot(): Slot {
    return this.#deps.random.pick(this.#slots)
  }

  /** Of those that run; there may be older ones that have handed over. */
  async #worker(): Promise<RunningWorker | undefined> {
    const running = await withBrowserSession(this.#deps.browser, runningWorkers)
    return running.length === 0 ? undefined : this.#deps.random.pick(running)
  }

  async #release(slot: Slot): Promise<void> {
    const { release } = slot
    slot.release = undefined
    await release?.()
  }

  async #open(): Promise<Page> {
    const page = await this.#deps.context.newPage()
    await page.goto(tabUrl(this.#deps.tab))
    return page
  }

  async #end(page: Page): Promise<void> {
    this.#deps.ended(await ledgerOf(page))
  }

  async #reopenClosed(): Promise<void> {
    for (const slot of this.#slots) {
      if (!slot.page.isClosed()) continue
      slot.release = undefined
      slot.page = await this.#open()
    }
  }
}

/** The worker went meanwhile, or cannot be told from others. */
function nothingDone(): false {
  return false
}

import { setTimeout as sleep } from 'node:timers/promises'

const attachTimeoutMs = 30_000

/**
 * Tabs of one browser context, opened as they are needed. Every contender is attached in every tab, and rests while
 * another is measured, so that all meet the same processes.
 *
 * @typedef {import('../app/tab.ts').ContenderName} ContenderName
 * @typedef {import('../app/recorder.ts').Recording} Recording
 * @typedef {{ run(load: import('./load.mjs').Load): Promise<void>, stop(): Promise<void> }} LoadSender
 */
export class Tabs {
  #context
  #url
  /** @type {readonly ContenderName[]} */
  #contenders
  #server
  /** @type {import('playwright').Page[]} */
  #pages = []
  #lastRun = 0
  #behind = () => {}

  /**
   * @param {import('playwright').BrowserContext} context
   * @param {{ url: string, contenders: readonly ContenderName[], server?: string | undefined }} options `url` of the
   *   built app, `server` for those contenders that have one
   */
  constructor(context, { url, contenders, server }) {
    this.#context = context
    this.#url = url
    this.#contenders = contenders
    this.#server = server
  }

  async start() {
    await this.#context.exposeFunction('benchBehind', () => this.#behind())
  }

  get pages() {
    return this.#pages
  }

  /** Opens tabs until there are so many. @param {number} count */
  async growTo(count) {
    while (this.#pages.length < count) {
      const page = await this.#context.newPage()
      page.on('pageerror', error => console.error(error))
      await page.goto(`${this.#url}/tab.html`)
      await page.waitForFunction(() => window.bench !== undefined)
      for (const contender of this.#contenders) await this.#attach(page, contender)
      this.#pages.push(page)
    }
  }

  /**
   * @param {import('playwright').Page} page
   * @param {ContenderName} contender
   */
  async #attach(page, contender) {
    const attached = page.evaluate(
      ([name, server]) => window.bench.attach(name, server),
      /** @type {const} */ ([contender, this.#server]),
    )
    const given = Symbol('given up')
    const timer = new AbortController()
    const outcome = await Promise.race([attached, sleep(attachTimeoutMs, given, { signal: timer.signal })])
    timer.abort()
    if (outcome === given) throw new Error(`${contender} was not attached within ${attachTimeoutMs / 1000} s`)
  }

  /**
   * Sends one load to all tabs, by the contender's own worker unless `send` does it.
   * @param {ContenderName} contender
   * @param {import('./load.mjs').Burst | import('./load.mjs').Paced} load
   * @param {LoadSender} [sender]
   * @returns {Promise<Recording[]>} of each tab
   */
  async measure(contender, load, sender = this.#workerOf(contender)) {
    const run = ++this.#lastRun
    this.#behind = () => void sender.stop()
    await this.#each(page => page.evaluate(number => window.bench.arm(number), run))
    await sender.run({ ...load, run })
    const recordings = await this.#each(page => page.evaluate(() => window.bench.recording()))
    this.#behind = () => {}
    return /** @type {Recording[]} */ (recordings)
  }

  /**
   * @param {ContenderName} contender
   * @returns {LoadSender}
   */
  #workerOf(contender) {
    const [first] = this.#pages
    if (first === undefined) throw new Error('there are no tabs')
    return {
      run: load =>
        first.evaluate(([name, what]) => window.bench.run(name, what), /** @type {const} */ ([contender, load])),
      stop: () => first.evaluate(name => window.bench.stop(name), contender),
    }
  }

  /**
   * @template T
   * @param {(page: import('playwright').Page) => Promise<T>} run
   */
  #each(run) {
    return Promise.all(this.#pages.map(run))
  }
}

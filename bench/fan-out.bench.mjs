/** Events from one broker to many tabs: deliveries a second and latency, against the other ways of getting them there. */
import { runMain } from '../scripts/lib/clear-failure.mjs'
import { startBrowser, watchProcesses } from './lib/browser.mjs'
import { buildApp } from './lib/build-app.mjs'
import { caseNames, cases } from './lib/fan-out-cases.mjs'
import { printCase, printFoot } from './lib/fan-out-print.mjs'
import { fanOutTargets } from './lib/fan-out-targets.mjs'
import { list, positive, readOptions } from './lib/options.mjs'
import { recordProfile } from './lib/profile.mjs'
import { environment, printEnvironment, printTargets, writeJson } from './lib/report.mjs'
import { summarise } from './lib/summary.mjs'
import { Tabs } from './lib/tabs.mjs'
import { startSocketIoServer } from './servers/socket-io.mjs'
import { startStaticServer } from './servers/static-server.mjs'

/**
 * @typedef {import('./lib/tabs.mjs').ContenderName} ContenderName
 *
 * @typedef {object} Measured
 * @property {'transport' | 'socket-io'} source where the events came from
 * @property {number} tabs
 * @property {string} name of the case
 * @property {import('./lib/load.mjs').Burst | import('./lib/load.mjs').Paced} load
 * @property {{ contender: ContenderName, rounds: readonly Round[] }[]} contenders
 *
 * @typedef {object} Costs
 * @property {number} browserCpuMs of all of Chromium's processes
 * @property {number} [framesPerTab]
 * @property {number} [serverCpuMs]
 * @property {number} [serverBytes]
 *
 * @typedef {import('./lib/summary.mjs').Summary & Costs} Round
 */

/** In the order of the tables. Bare frames are the limit for bursts; paced, they are one message a moment like others. */
const contendersOf = {
  transport: { burst: ['partyline', 'comlink', 'messages', 'frames'], paced: ['partyline', 'comlink', 'messages'] },
  'socket-io': { burst: ['partyline-socket-io', 'socket-io'], paced: ['partyline-socket-io', 'socket-io'] },
}
/** A contender that has taken this long for one case gets no further round of it. */
const enoughMs = 6_000
/** The loads from a server are the same again, and last this share of the others. */
const shorter = 0.4
/** Of each contender, before its first case with so many tabs. */
const warmUpMs = 1_500

await runMain(async () => {
  const options = readOptions({
    quick: false,
    tabs: undefined,
    case: undefined,
    contenders: undefined,
    source: 'transport,socket-io',
    rounds: undefined,
    seconds: undefined,
    profile: undefined,
  })
  const { quick } = options
  const tabCounts = list(options.tabs ?? (quick ? '10' : '1,10,30')).map(count => positive('tabs', count))
  const rounds = positive('rounds', options.rounds ?? (quick ? '3' : '5'))
  const seconds = positive('seconds', options.seconds ?? (quick ? '3' : '10'))
  const names = options.case === undefined ? caseNames : list(options.case)
  const sources = /** @type {Measured['source'][]} */ (list(options.source))
  const only = options.contenders === undefined ? undefined : list(options.contenders)
  const isWanted = /** @param {string} name */ name => only === undefined || only.includes(name)

  const folder = await buildApp({ minify: options.profile === undefined })
  const site = await startStaticServer(folder)
  const server = await startSocketIoServer()
  const browser = await startBrowser()
  const processes = await watchProcesses(browser)
  const env = { ...environment(browser), renderers: 0 }
  printEnvironment(env)
  /** @type {Measured[]} */
  const results = []
  try {
    for (const source of sources) {
      const context = await browser.newContext()
      const contenders = /** @type {ContenderName[]} */ (contendersOf[source].burst.filter(isWanted))
      const tabs = new Tabs(context, { url: site.url, contenders, server: server.url })
      await tabs.start()
      for (const count of tabCounts) {
        await tabs.growTo(count)
        env.renderers = Math.max(env.renderers, await processes.renderers())
        await warmUp(tabs, source, contenders)
        for (const { name, load } of cases(names, source === 'socket-io' ? seconds * shorter : seconds)) {
          const measured = await measureCase({ tabs, source, name, load })
          results.push(measured)
          printCase(measured)
        }
      }
      await context.close()
    }
  } finally {
    await browser.close()
    await site.close()
    server.close()
  }
  printFoot(env)
  const targets = fanOutTargets(results)
  printTargets(targets)
  writeJson(options.json, { bench: 'fan-out', environment: env, targets, results })
  return 0

  /**
   * Rounds take turns, so that what the machine does meanwhile meets all contenders. Bursts only are repeated: a paced
   * load is long enough to be its own repetition.
   * @param {{ tabs: Tabs } & Pick<Measured, 'source' | 'name' | 'load'>} what
   * @returns {Promise<Measured>}
   */
  async function measureCase({ tabs, source, name, load }) {
    const contenders = /** @type {ContenderName[]} */ (contendersOf[source][load.kind]).filter(isWanted)
    const measured = contenders.map(contender => ({ contender, rounds: /** @type {Round[]} */ ([]), spentMs: 0 }))
    for (let round = 0; round < (load.kind === 'burst' ? rounds : 1); round++) {
      for (const entry of measured) {
        if (entry.spentMs > enoughMs) continue
        const start = performance.now()
        const run = () => measureRound(tabs, source, entry.contender, load)
        const page = tabs.pages.at(-1)
        const profileName = `${tabs.pages.length}-tabs.${name}.${entry.contender}`
        entry.rounds.push(
          await (options.profile !== undefined && page !== undefined && round === 0
            ? recordProfile({ browser, page, folder: options.profile, name: profileName }, run)
            : run()),
        )
        entry.spentMs += performance.now() - start
      }
    }
    return {
      source,
      tabs: tabs.pages.length,
      name,
      load,
      contenders: measured.map(entry => ({ contender: entry.contender, rounds: entry.rounds })),
    }
  }

  /**
   * A broker lives for hours, so its code is compiled and its ports are there before anything counts.
   * @param {Tabs} tabs
   * @param {Measured['source']} source
   * @param {readonly ContenderName[]} contenders
   */
  async function warmUp(tabs, source, contenders) {
    const load = { kind: /** @type {const} */ ('burst'), count: 2_000, bytes: 300 }
    for (const name of contenders) {
      const start = performance.now()
      while (performance.now() - start < warmUpMs) await measureRound(tabs, source, name, load)
    }
  }

  /**
   * @param {Tabs} tabs
   * @param {Measured['source']} source
   * @param {ContenderName} contender
   * @param {Measured['load']} load
   * @returns {Promise<Round>}
   */
  async function measureRound(tabs, source, contender, load) {
    const room = contender === 'socket-io' ? 'direct' : 'shared'
    const sender = source === 'socket-io' ? server.senderTo(room) : undefined
    const before = await costs()
    const recordings = await tabs.measure(contender, load, sender)
    const after = await costs()
    return { ...summarise(load, recordings), ...difference(before, after) }

    /** @returns {Promise<Costs>} so far */
    async function costs() {
      const browserCpuMs = await processes.cpuMs()
      if (source === 'transport') {
        const frames =
          contender === 'partyline' ? await tabs.pages[0]?.evaluate(() => window.bench.frames()) : undefined
        return frames === undefined ? { browserCpuMs } : { browserCpuMs, framesPerTab: frames / tabs.pages.length }
      }
      const { cpuMs, bytesSent } = await server.figures()
      return { browserCpuMs, serverCpuMs: cpuMs, serverBytes: bytesSent }
    }
  }
})

/**
 * @param {Costs} before
 * @param {Costs} after
 * @returns {Costs}
 */
function difference(before, after) {
  const names = /** @type {(keyof Costs)[]} */ (Object.keys(after))
  return /** @type {Costs} */ (Object.fromEntries(names.map(name => [name, (after[name] ?? 0) - (before[name] ?? 0)])))
}

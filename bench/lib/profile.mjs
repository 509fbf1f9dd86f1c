import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** @typedef {(method: string, params?: object) => Promise<any>} Send */

const samplingMicroseconds = 200

/**
 * Records where the time of the workers and of one tab goes while `run` runs, as `.cpuprofile` files for Chromium's
 * developer tools.
 * @template T
 * @param {{ browser: import('playwright').Browser, page: import('playwright').Page, folder: string, name: string }} what
 * @param {() => Promise<T>} run
 */
export async function recordProfile({ browser, page, folder, name }, run) {
  const cdp = await browser.newBrowserCDPSession()
  const tab = await page.context().newCDPSession(page)
  const profiled = [
    ...(await workersOf(cdp)),
    { file: 'tab', send: /** @type {Send} */ ((method, params) => tab.send(/** @type {any} */ (method), params)) },
  ]
  for (const { send } of profiled) {
    await send('Profiler.enable')
    await send('Profiler.setSamplingInterval', { interval: samplingMicroseconds })
    await send('Profiler.start')
  }
  const result = await run()
  mkdirSync(folder, { recursive: true })
  for (const { file, send } of profiled) {
    const { profile } = await send('Profiler.stop')
    writeFileSync(join(folder, `${name}.${file}.cpuprofile`), JSON.stringify(profile))
  }
  await Promise.all([cdp.detach(), tab.detach()])
  return result
}

/**
 * @param {import('playwright').CDPSession} cdp
 * @returns {Promise<{ file: string, send: Send }[]>}
 */
export async function workersOf(cdp) {
  const { targetInfos } = await cdp.send('Target.getTargets')
  const workers = targetInfos.filter(({ type }) => type === 'shared_worker')
  return Promise.all(
    workers.map(async ({ targetId, url }) => {
      const { sessionId } = await cdp.send('Target.attachToTarget', { targetId, flatten: false })
      return { file: new URL(url).pathname.split('/').at(-1) ?? 'worker', send: sender(cdp, sessionId) }
    }),
  )
}

/**
 * Commands to a target that Playwright has no session for.
 * @param {import('playwright').CDPSession} cdp
 * @param {string} sessionId
 * @returns {Send}
 */
function sender(cdp, sessionId) {
  let lastId = 0
  return (method, params = {}) =>
    new Promise((resolve, reject) => {
      const id = ++lastId
      /** @param {{ sessionId: string, message: string }} received */
      const listener = received => {
        if (received.sessionId !== sessionId) return
        const answer = JSON.parse(received.message)
        if (answer.id !== id) return
        cdp.off('Target.receivedMessageFromTarget', listener)
        if (answer.error) reject(new Error(`${method}: ${answer.error.message}`))
        else resolve(answer.result)
      }
      cdp.on('Target.receivedMessageFromTarget', listener)
      cdp
        .send('Target.sendMessageToTarget', { sessionId, message: JSON.stringify({ id, method, params }) })
        .catch(reject)
    })
}

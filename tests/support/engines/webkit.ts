import { createServer, type AddressInfo } from 'node:net'
import { Builder, Capabilities, type WebDriver } from 'selenium-webdriver'
import { findWebKitDriver } from '../../../scripts/setup/find-engines.mjs'
import type { Engine, EngineKind, Tab } from './engine.ts'
import { eventually } from './eventually.ts'
import { evaluateBy, reachVisibility } from './in-page.ts'
import { canFindProcesses, endProgram, processOf, startProgram, temporaryFolder } from './processes.ts'
import { startXvfb } from './xvfb.ts'

const noCrash = 'WebKitWebDriver ends the session, and the browser with it, as soon as a page crashes'

export const webkit: EngineKind = {
  name: 'webkit',
  can: { hide: true, crash: noCrash, process: canFindProcesses },
  // It runs a new worker in a process that ran an earlier one, and runs it anew when that process ends after all.
  isReusable: false,
  start,
}

async function start(): Promise<Engine> {
  const profile = await temporaryFolder()
  const display = await startXvfb()
  const port = await freePort()
  const child = startProgram(findWebKitDriver() ?? 'WebKitWebDriver', [`--port=${port}`], {
    DISPLAY: display.name,
    HOME: profile.path,
    // Neither a session bus nor accessibility, whose helpers would outlive the browser.
    DBUS_SESSION_BUS_ADDRESS: 'disabled:',
    NO_AT_BRIDGE: '1',
  })
  // What nobody reads would fill the pipe and halt it.
  child.stderr?.resume()
  const url = `http://127.0.0.1:${port}`
  await eventually('WebKitWebDriver to listen', async () => (await fetch(`${url}/status`)).ok)
  const driver = await new Builder()
    .usingServer(url)
    .withCapabilities(new Capabilities({ browserName: 'MiniBrowser' }))
    .build()
  const windows = await windowsOf(driver)
  return {
    version: (await driver.getCapabilities()).get('browserVersion') as string,
    async open(address) {
      const inWindow = await windows.open()
      await inWindow(() => driver.get(address))
      return tabOf(driver, inWindow, tab => processOf(tab, child))
    },
    async close() {
      await endProgram(child)
      await display.close()
      await profile.remove()
    },
  }
}

/** Runs commands with one window as the driver's current one. */
type InWindow = <Result>(command: () => Promise<Result>) => Promise<Result>

interface Windows {
  open(): Promise<InWindow>
}

/**
 * The driver has one current window, so windows take turns. Real windows and not tabs: the driver cannot bring a tab
 * of MiniBrowser to the front, so it would stay hidden for ever.
 */
async function windowsOf(driver: WebDriver): Promise<Windows> {
  const first = await driver.getWindowHandle()
  let turn: Promise<unknown> = Promise.resolve()

  function inWindow<Result>(handle: string, command: () => Promise<Result>): Promise<Result> {
    const result = turn.then(async () => {
      await driver.switchTo().window(handle)
      return command()
    })
    turn = result.catch(() => undefined)
    return result
  }

  return {
    async open() {
      const handle = await inWindow(first, async () => {
        await driver.switchTo().newWindow('window')
        return driver.getWindowHandle()
      })
      return command => inWindow(handle, command)
    },
  }
}

function tabOf(
  driver: WebDriver,
  inWindow: InWindow,
  findProcess: (tab: Pick<Tab, 'evaluate'>) => Promise<number>,
): Tab {
  const evaluate = evaluateBy(expression => inWindow(() => driver.executeScript(`return ${expression}`)))
  return {
    evaluate,
    goto: url => inWindow(() => driver.get(url)),
    reload: () => inWindow(() => driver.navigate().refresh()),
    // The driver's own command: a script in a page that is just going to the cache gets no answer, ever.
    back: () => inWindow(() => driver.navigate().back()),
    close: () => inWindow(() => driver.close()),
    async show() {
      // Moving a window brings it back.
      await inWindow(() => driver.manage().window().setRect({ x: 0, y: 0, width: 800, height: 600 }))
      await reachVisibility({ evaluate }, 'visible')
    },
    async hide() {
      await inWindow(() => driver.manage().window().minimize())
      await reachVisibility({ evaluate }, 'hidden')
    },
    crash: () => Promise.reject(new Error(noCrash)),
    processId: () => findProcess({ evaluate }),
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise(resolve => server.close(resolve))
  return port
}

import { onTestFinished } from 'vitest'
import { startSocketIoServer, type SocketIoServer, type SocketIoServerOptions } from '../servers/socket-io-server.ts'
import { appTab, type AppTab } from './app-tab.ts'
import type { Ability, Engine } from './engine.ts'

/** What several tabs of one browser go through, the same on every engine. */
export interface Scenario {
  /** The promise that it checks. */
  readonly name: string
  /** An engine without one of these is reported as not run. */
  readonly needs?: readonly Ability[]
  run(context: ScenarioContext): Promise<void>
}

export interface ScenarioContext {
  readonly engine: Engine
  /** A fresh one. */
  readonly server: SocketIoServer
  /** A page without Partyline, on another origin. */
  readonly awayUrl: string
  /** Another server, such as one that comes back on the port of one that was closed. */
  serve(options?: SocketIoServerOptions): Promise<SocketIoServer>
  /** A tab on the test page, joined. The query is what tests/support/app/main.ts reads, beside the server. */
  openTab(query?: { readonly [name: string]: string }): Promise<AppTab>
  openTabs(count: number): Promise<AppTab[]>
}

export interface Pages {
  /** Where tests/support/app is served, without a slash at the end. */
  readonly appUrl: string
  readonly awayUrl: string
}

/** Runs a scenario as the body of a test. What it has left open is put away when the test has finished. */
export async function runScenario(run: Scenario['run'], engine: Engine, { appUrl, awayUrl }: Pages): Promise<void> {
  async function serve(options?: SocketIoServerOptions): Promise<SocketIoServer> {
    const server = await startSocketIoServer(options)
    onTestFinished(() => server.close())
    return server
  }

  const server = await serve()

  async function openTab(query: { readonly [name: string]: string } = {}): Promise<AppTab> {
    const tab = await engine.open(`${appUrl}/?${new URLSearchParams({ server: server.url, ...query })}`)
    let isOpen = true
    const ending = (end: () => Promise<void>) => () => {
      isOpen = false
      return end()
    }
    onTestFinished(async ({ task }) => {
      // After a failure the browser ends, and it may be that it doesn't answer.
      if (isOpen && task.result?.state === 'pass') await tab.close()
    })
    const opened = appTab({ ...tab, close: ending(tab.close), crash: ending(tab.crash) })
    await opened.joined()
    return opened
  }

  async function openTabs(count: number): Promise<AppTab[]> {
    const opened: AppTab[] = []
    while (opened.length < count) opened.push(await openTab())
    return opened
  }

  await run({ engine, server, awayUrl, serve, openTab, openTabs })
}

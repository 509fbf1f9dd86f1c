import type { EngineName } from '../../../scripts/setup/engine-names.mjs'

export type { EngineName }

/** What not every engine lets a test do. */
export type Ability =
  /** {@link Tab.hide} and {@link Tab.show} */
  | 'hide'
  /** {@link Tab.crash} */
  | 'crash'
  /** {@link Tab.processId} */
  | 'process'

/** An engine that can be started. */
export interface EngineKind {
  readonly name: EngineName
  /** For each ability `true`, or why the engine has not got it. */
  readonly can: Readonly<Record<Ability, true | string>>
  /** Whether scenarios may follow each other in one browser. */
  readonly isReusable: boolean
  start(): Promise<Engine>
}

/** A running browser. All of its tabs share one profile, and so one SharedWorker. */
export interface Engine {
  readonly version: string
  /** A tab that has loaded the address. */
  open(url: string): Promise<Tab>
  /** Ends every process that was started and removes the profile. */
  close(): Promise<void>
}

/** What a method promises, the page has reached when it resolves. Those of an ability that the engine lacks reject. */
export interface Tab {
  /**
   * Runs a function in the page and resolves with what it returns or resolves with. Arguments and result cross as JSON.
   * WebKit's driver does one thing at a time: what takes long in one page keeps all others waiting.
   */
  evaluate<Args extends readonly unknown[], Result>(
    inPage: (...args: Args) => Result,
    ...args: Args
  ): Promise<Awaited<Result>>
  goto(url: string): Promise<void>
  reload(): Promise<void>
  /** As the user's button: the page comes out of the back/forward cache, if the browser has kept it there. */
  back(): Promise<void>
  /** As a user does: the page hears `pagehide`. */
  close(): Promise<void>
  /** Brings it to the front, which may hide others. */
  show(): Promise<void>
  hide(): Promise<void>
  /** Kills the page, which hears nothing of it, and puts away what is left of the tab. */
  crash(): Promise<void>
  /** Of the process that runs the page. Every tab has its own. */
  processId(): Promise<number>
}

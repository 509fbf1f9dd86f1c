/** One tab of a bench: every contender can be attached here, and one at a time is measured. */
import type { BenchEvent, Load } from '../lib/load.mjs'
import type { Attach, Contender } from './contenders/contender.ts'
import { Recorder, type Recording } from './recorder.ts'

const contenders = {
  partyline: async () => (await import('./contenders/partyline.ts')).attach,
  comlink: async () => (await import('./contenders/comlink.ts')).attach,
  messages: async () => (await import('./contenders/messages.ts')).attach,
  frames: async () => (await import('./contenders/frames.ts')).attach,
  'partyline-socket-io': async () => (await import('./contenders/partyline-socket-io.ts')).attach,
  'socket-io': async () => (await import('./contenders/socket-io.ts')).attach,
} satisfies Record<string, () => Promise<Attach>>

export type ContenderName = keyof typeof contenders

const attached = new Map<ContenderName, Contender>()
let recorder: Recorder | undefined

function receive(event: BenchEvent): void {
  recorder?.receive(event)
}

const bench = {
  /** Resolves when events can come. */
  async attach(name: ContenderName, server?: string): Promise<void> {
    const attach = await contenders[name]()
    attached.set(name, await attach(receive, server ?? ''))
  },
  /** Records run `run` from now on. */
  arm(run: number): void {
    recorder = new Recorder(run, () => window.benchBehind())
  },
  /** Resolves when the run's last event was handled, or nothing came any more. */
  recording: (): Promise<Recording> | undefined => recorder?.recording,
  /** Has the worker send a load to all tabs. */
  run: (name: ContenderName, load: Load): Promise<void> | undefined => attached.get(name)?.run?.(load),
  stop: (name: ContenderName): Promise<void> | undefined => attached.get(name)?.stop?.(),
  /** Frames that the broker has sent so far. */
  frames: async (): Promise<number | undefined> => attached.get('partyline')?.frames?.(),
}

declare global {
  interface Window {
    bench: typeof bench
    /** Of the bench: this tab is hopelessly behind. */
    benchBehind(): void
  }
}
window.bench = bench

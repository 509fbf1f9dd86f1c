import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { inRoot } from '../../../scripts/lib/paths.mjs'

export interface DemoCommand {
  readonly url: string
  /** Ends it as Ctrl-C does. Resolves when it has ended. */
  close(): Promise<void>
}

/** What `npm run demo -- …` starts, on a free port. Resolves when it has printed its address. */
export async function startDemo(...args: readonly string[]): Promise<DemoCommand> {
  const demo = spawn(process.execPath, [inRoot('scripts/demo.mjs'), ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exited = new Promise<void>(resolve => demo.once('exit', () => resolve()))
  for await (const line of createInterface(demo.stdout)) {
    const [url] = /http:\/\/\S+/.exec(line) ?? []
    if (url !== undefined) return { url, close: () => (demo.kill('SIGTERM'), exited) }
  }
  throw new Error('the demo has ended without an address')
}

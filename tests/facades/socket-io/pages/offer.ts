import type { Api, Library } from '../behaviours/behaviour.ts'
import { run } from '../behaviours/run.ts'

declare global {
  interface Window {
    server: Api['server']
    run(name: string): Promise<unknown[]>
  }
}

/** Lets tests run behaviours in this page, over the library given. */
export function offer(library: Library): void {
  window.run = name => run(name, library, (...args) => window.server(...args))
}

import { connect, type Line } from 'partyline'
import type { AppEvents } from './events.ts'

export type AppLine = Line<AppEvents>

/** All tabs of a browser have the same name, hence the same scope, hence one connection. */
export function connectLine(name: string): AppLine {
  return connect<AppEvents>({
    worker: options =>
      new SharedWorker(new URL('../partyline.worker.ts', import.meta.url), { ...options, type: 'module' }),
    scope: name,
    credentials: () => ({ name }),
  })
}

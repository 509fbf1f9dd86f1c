import { describe, PartylineError } from '../../protocol/index.ts'
import type { ConnectOptions } from '../types.ts'

/** What the app's function would have opened as a SharedWorker. */
export interface WorkerScript {
  /** As the app gave it; a relative one counts from the page. */
  readonly url: string | URL
  readonly options: WorkerOptions
}

/**
 * Finds the worker's script without opening it. Bundlers must see `new SharedWorker(new URL('…', import.meta.url))`
 * in one piece, so the app cannot be asked for the URL alone: for the length of the call SharedWorker is another
 * class, which only takes down what it is given. Then it is what it was, also when the app's function throws,
 * and absent where it was absent.
 *
 * @throws PartylineError `worker-failed` when the function throws, `bad-options` when it opens no SharedWorker
 */
export function recordScript(worker: ConnectOptions['worker'], name: string): WorkerScript {
  const scripts: WorkerScript[] = []

  /** Whatever the app does with its worker, it does with this one in vain. */
  class Recorder extends EventTarget {
    readonly port = new MessageChannel().port1

    constructor(url: string | URL, options: string | WorkerOptions = {}) {
      super()
      scripts.push({ url, options: typeof options === 'string' ? { name: options } : options })
    }
  }

  const own = Object.getOwnPropertyDescriptor(globalThis, 'SharedWorker')
  try {
    Object.defineProperty(globalThis, 'SharedWorker', { value: Recorder, configurable: true, writable: true })
    worker({ name, extendedLifetime: true })
  } catch (error) {
    throw new PartylineError('worker-failed', `connect's function \`worker\` threw ${describe(error)}`, {
      retryable: true,
      cause: error,
    })
  } finally {
    if (own === undefined) Reflect.deleteProperty(globalThis, 'SharedWorker')
    else Object.defineProperty(globalThis, 'SharedWorker', own)
  }
  const [script] = scripts
  if (script === undefined)
    throw new PartylineError(
      'bad-options',
      "connect's function `worker` opened none; it must be " +
        "options => new SharedWorker(new URL('./partyline.worker.ts', import.meta.url), { ...options, type: 'module' })",
    )
  return script
}

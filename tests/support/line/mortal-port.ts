import type { Port } from '../../../src/worker/index.ts'

/** A worker's port that hears nothing and says nothing once the worker is dead; nor do data ports that came over it. */
export function mortalPort(port: MessagePort, death: AbortSignal): Port {
  const wrappers = new Map<unknown, (event: MessageEvent) => void>()
  return {
    postMessage(message, transfer = []) {
      if (!death.aborted) port.postMessage(message, transfer)
    },
    addEventListener(type, listener) {
      const wrapper = (event: MessageEvent): void => {
        if (death.aborted) return
        for (const data of event.ports) death.addEventListener('abort', () => data.close())
        listener(event)
      }
      wrappers.set(listener, wrapper)
      port.addEventListener(type, wrapper)
    },
    removeEventListener(type, listener) {
      const wrapper = wrappers.get(listener)
      if (wrapper !== undefined) port.removeEventListener(type, wrapper)
    },
    start: () => port.start(),
    close: () => port.close(),
  }
}

import type { Command } from '../workers/commands.ts'
import type { Contender } from './contender.ts'

/** A tab on a bare port whose worker says hello first. */
export function attachToPort(port: MessagePort, handle: (message: unknown) => void): Promise<Contender> {
  const command = async (message: Command): Promise<void> => port.postMessage(message)
  return new Promise(resolve => {
    port.addEventListener(
      'message',
      () => {
        port.addEventListener('message', event => handle(event.data))
        resolve({ run: load => command({ type: 'run', load }), stop: () => command({ type: 'stop' }) })
      },
      { once: true },
    )
    port.start()
  })
}

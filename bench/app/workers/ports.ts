import type { Command } from './commands.ts'
import type { Generator } from './generator.ts'

/** All tabs that have connected to this worker; each is greeted, and may command the generator. */
export function acceptPorts(generator: Generator): ReadonlySet<MessagePort> {
  const ports = new Set<MessagePort>()
  addEventListener('connect', event => {
    for (const port of (event as MessageEvent).ports) {
      ports.add(port)
      port.addEventListener('message', ({ data }: MessageEvent<Command>) =>
        data.type === 'run' ? generator.run(data.load) : generator.stop(),
      )
      port.start()
      port.postMessage('hello')
    }
  })
  return ports
}

import type { Load } from '../../lib/load.mjs'
import type { Transport } from '../../../src/worker/upstream/transport.ts'
import { createGenerator } from './generator.ts'

/** No network: what is published to `bench` as `run` or `stop` commands the generator, whose events come back as `tick`. */
export function benchTransport(): Transport {
  return {
    name: 'bench',
    create(sink) {
      const generator = createGenerator(payload => sink.event({ channel: 'bench', event: 'tick', payload }))
      return {
        open: async () => {},
        join: async () => {},
        leave() {},
        async publish({ event, payload }) {
          if (event === 'run') generator.run(payload as Load)
          else generator.stop()
        },
        close() {},
      }
    },
  }
}

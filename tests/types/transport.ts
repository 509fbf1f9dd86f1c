/** As event-map.ts, for those who write a transport or start a broker. */
import { startBroker, UpstreamError, type Transport } from '../../src/worker/index.ts'

const transport: Transport = {
  name: 'own',
  create: sink => ({
    async open({ signal }) {
      signal.throwIfAborted()
      sink.lost(new UpstreamError('network', 'cut'))
    },
    async join() {},
    leave() {},
    async publish() {
      return undefined
    },
    close() {},
  }),
}

startBroker({ transport, lingerMs: 500 })

// @ts-expect-error the transport is missing
startBroker({})

// @ts-expect-error no such option
startBroker({ transport, linger: 500 })

// @ts-expect-error milliseconds are a number
startBroker({ transport, lingerMs: '500' })

// @ts-expect-error no such kind of cause
void new UpstreamError('weather', 'rain')

// @ts-expect-error a link has more verbs than one
const poor: Transport = { name: 'poor', create: () => ({ close() {} }) }
void poor

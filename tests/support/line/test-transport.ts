import type { Credentials } from '../../../src/protocol/index.ts'
import {
  UpstreamError,
  type Transport,
  type TransportLink,
  type TransportSink,
  type UpstreamMessage,
} from '../../../src/worker/upstream/transport.ts'

export interface TestTransport extends Transport {
  readonly calls: string[]
  readonly sink: () => TransportSink
  /** Replaced to refuse or delay; by default everything succeeds at once. */
  behaviour: {
    open?: (credentials: Credentials | undefined, signal: AbortSignal) => Promise<void>
    join?: (channel: string, signal: AbortSignal) => Promise<unknown>
    publish?: (message: UpstreamMessage) => Promise<unknown>
  }
  /** Breaks the connection. */
  lose(error?: UpstreamError): void
}

/** A transport whose server is the test itself: for what a real server cannot be made to do on cue. */
export function testTransport(): TestTransport {
  let sink: TransportSink | undefined
  let open = false
  const calls: string[] = []
  const behaviour: TestTransport['behaviour'] = {}
  const link: TransportLink = {
    async open({ credentials, signal }) {
      calls.push('open')
      await behaviour.open?.(credentials, signal)
      open = true
    },
    async join(channel, signal) {
      calls.push(`join ${channel}`)
      return behaviour.join?.(channel, signal)
    },
    leave(channel) {
      calls.push(`leave ${channel}`)
    },
    publish(message) {
      if (!open) throw new UpstreamError('network', 'not open')
      calls.push(`publish ${message.channel} ${message.event}`)
      return behaviour.publish?.(message) ?? Promise.resolve({ ok: true })
    },
    renew({ token }) {
      calls.push(`renew ${String(token)}`)
    },
    close() {
      if (open) calls.push('close')
      open = false
    },
  }
  return {
    name: 'test',
    calls,
    behaviour,
    create(given) {
      sink = given
      return link
    },
    sink() {
      if (sink === undefined) throw new Error('no broker has created this transport yet')
      return sink
    },
    lose(error = new UpstreamError('network', 'cut by the test')) {
      open = false
      sink?.lost(error)
    },
  }
}

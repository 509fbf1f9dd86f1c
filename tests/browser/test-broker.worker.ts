import { startBroker, UpstreamError, type Transport } from '../../src/worker/index.ts'

/**
 * The server is this worker itself: what is published to a channel is answered with it and comes back on the
 * channel as an event. Event `refuse` is refused, `silent` is never answered, `busy` keeps the whole worker from
 * answering for so many milliseconds, and a scope that begins with `unreachable` never gets a connection.
 */
const echo: Transport = {
  name: 'echo',
  create: sink => ({
    open: () => (self.name.includes(':unreachable') ? new Promise(() => {}) : Promise.resolve()),
    join: () => Promise.resolve(),
    leave() {},
    async publish(message) {
      if (message.event === 'refuse') throw new UpstreamError('refused', 'not allowed', { details: { why: 'test' } })
      if (message.event === 'silent') return new Promise(() => {})
      if (message.event === 'busy') block(Number(message.payload))
      queueMicrotask(() => sink.event(message))
      return { echo: message.payload }
    },
    close() {},
  }),
}

function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

startBroker({ transport: echo, livenessPollMs: 50, lingerMs: 0, idleMs: 0 })

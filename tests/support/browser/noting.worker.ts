import { startBroker, type Transport } from '../../../src/worker/index.ts'

/** What transports did, for a page that imports this script to read. */
const { notes } = globalThis as { notes?: string[] }

/** Answers what is published with it, and gives it back as an event. */
function echo(scope: string): Transport {
  return {
    name: 'echo',
    create: sink => ({
      async open() {
        notes?.push(`open ${scope}`)
      },
      join: () => Promise.resolve(),
      leave() {},
      async publish(message) {
        queueMicrotask(() => sink.event(message))
        return message.payload
      },
      close() {
        notes?.push(`close ${scope}`)
      },
    }),
  }
}

/** There are no options for a scope that begins with `refused`. */
startBroker(({ scope }) => {
  if (scope.startsWith('refused')) throw new TypeError('not for you')
  return { transport: echo(scope), lingerMs: 0, idleMs: 0 }
})

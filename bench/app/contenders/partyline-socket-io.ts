import { connect } from 'partyline'
import type { BenchEvent } from '../../lib/load.mjs'
import type { Attach } from './contender.ts'
import { joined } from './partyline.ts'

interface Events {
  shared: { tick: BenchEvent }
}

/** The server's address comes with the scope, so that one build serves every run. */
export const attach: Attach = async (receive, server) => {
  const line = connect<Events>({
    worker: options =>
      new SharedWorker(new URL('../workers/partyline-socket-io.worker.ts', import.meta.url), {
        ...options,
        type: 'module',
      }),
    scope: `bench@${server}`,
  })
  const channel = line.channel('shared')
  channel.on('tick', event => receive(event))
  await joined(channel)
  return {}
}

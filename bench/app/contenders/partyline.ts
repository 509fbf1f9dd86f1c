import { connect, type Channel } from 'partyline'
import type { BenchEvent, Load } from '../../lib/load.mjs'
import type { Attach } from './contender.ts'

interface Events {
  bench: { tick: BenchEvent; run: Load; stop: undefined }
}

/** As users write it, with default options. */
export const attach: Attach = async receive => {
  const line = connect<Events>({
    worker: options =>
      new SharedWorker(new URL('../workers/partyline.worker.ts', import.meta.url), { ...options, type: 'module' }),
    scope: 'bench',
  })
  const channel = line.channel('bench')
  channel.on('tick', event => receive(event))
  await joined(channel)
  return {
    run: async load => void (await channel.publish('run', load)),
    stop: async () => void (await channel.publish('stop')),
    frames: async () => (await line.stats()).traffic.frames,
  }
}

export function joined(channel: Pick<Channel, 'state' | 'onState'>): Promise<void> {
  return new Promise(resolve => {
    const check = (): void => {
      if (channel.state === 'joined') resolve()
    }
    channel.onState(check)
    check()
  })
}

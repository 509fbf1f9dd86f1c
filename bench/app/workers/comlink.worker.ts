import { expose } from 'comlink'
import type { BenchEvent, Load } from '../../lib/load.mjs'
import { createGenerator } from './generator.ts'

export interface CallbackService {
  subscribe(callback: (event: BenchEvent) => void): void
  run(load: Load): void
  stop(): void
}

const callbacks = new Set<(event: BenchEvent) => void>()
const generator = createGenerator(event => {
  for (const callback of callbacks) callback(event)
})

const service: CallbackService = {
  subscribe: callback => void callbacks.add(callback),
  run: load => generator.run(load),
  stop: () => generator.stop(),
}

addEventListener('connect', event => {
  for (const port of (event as MessageEvent).ports) expose(service, port)
})

import type { BenchEvent } from '../../lib/load.mjs'
import { createGenerator } from './generator.ts'
import { acceptPorts } from './ports.ts'

const FRAME_EVENTS = 64

let frame: BenchEvent[] = []

function flush(): void {
  if (frame.length === 0) return
  for (const port of ports) port.postMessage(frame)
  frame = []
}

const ports = acceptPorts(
  createGenerator(event => {
    if (frame.push(event) === FRAME_EVENTS) flush()
  }, flush),
)

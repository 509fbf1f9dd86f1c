import { createGenerator } from './generator.ts'
import { acceptPorts } from './ports.ts'

const ports = acceptPorts(
  createGenerator(event => {
    for (const port of ports) port.postMessage(event)
  }),
)

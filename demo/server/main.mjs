/** `node demo/server/main.mjs [--port 0] [--host 127.0.0.1] [--seed 1] [--rate 4]`: the whole demo, until SIGINT or SIGTERM. */
import { parseArgs } from 'node:util'
import { createDemoServer } from './index.mjs'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    host: { type: 'string', default: '127.0.0.1' },
    seed: { type: 'string', default: '1' },
    rate: { type: 'string', default: '4' },
  },
})

const server = await createDemoServer({
  port: Number(values.port),
  host: values.host,
  seed: Number(values.seed),
  ratePerSecond: Number(values.rate),
  page: true,
})
console.log(`Partyline demo: ${server.url}`)

for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => void server.close())

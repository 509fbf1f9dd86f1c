/** `node demo/server/main.mjs [--help]`: the whole demo, until SIGINT or SIGTERM. */
import { whyTaken } from '../../scripts/lib/free-port.mjs'
import { createDemoServer } from './index.mjs'
import { parseOptions, USAGE, UsageError } from './options.mjs'

try {
  const { help, ...options } = parseOptions(process.argv.slice(2))
  if (help) console.log(USAGE)
  else await run(options)
} catch (error) {
  if (!(error instanceof UsageError)) throw error
  console.error(`${error.message}\n\n${USAGE}`)
  process.exitCode = 1
}

/** @param {import('./demo-server.mjs').DemoServerOptions} options */
async function run(options) {
  const taken = await whyTaken(options.port ?? 0, options.host)
  if (taken !== undefined) throw new UsageError(taken)
  const server = await createDemoServer({ ...options, page: true })
  console.log(`Partyline demo over ${server.transport}: ${server.url}`)
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.once(signal, () => void server.close())
}

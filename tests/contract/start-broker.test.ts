import { expect, onTestFinished, test, vi } from 'vitest'
import { PROTOCOL_VERSION, toWorkerName } from '../../src/protocol/index.ts'
import { startBroker, type BrokerOptions } from '../../src/worker/index.ts'
import { socketIo } from '../../src/worker/transports/socket-io.ts'
import { testTransport } from '../support/line/test-transport.ts'

/** Starts a broker as a worker would; resolves with the first message of a port that connects. */
async function firstMessage(options: BrokerOptions | undefined): Promise<unknown> {
  let connect = (_event: { readonly ports: readonly MessagePort[] }): void => {}
  vi.stubGlobal('location', new URL('https://app.example/partyline.worker.js'))
  vi.stubGlobal('name', toWorkerName({ scope: 'ann', generation: 1 }))
  vi.stubGlobal('addEventListener', (_type: 'connect', listener: typeof connect) => (connect = listener))
  onTestFinished(() => void vi.unstubAllGlobals())
  startBroker(options as BrokerOptions)
  const { port1: tab, port2 } = new MessageChannel()
  onTestFinished(() => tab.close())
  const message = new Promise(resolve => tab.addEventListener('message', ({ data }) => resolve(data), { once: true }))
  tab.start()
  connect({ ports: [port2] })
  return message
}

test('a broker that starts announces itself to a port that connects', async () => {
  expect(await firstMessage({ transport: testTransport() })).toEqual({
    type: 'partyline:announce',
    protocol: PROTOCOL_VERSION,
    epoch: expect.any(String),
  })
})

test.each<[string, BrokerOptions | undefined, string]>([
  ['no options at all', undefined, 'startBroker needs a transport'],
  ['a time that no timer keeps', { transport: testTransport(), leaseMs: 2 ** 31 }, "startBroker's leaseMs is"],
  ['a url that hides a namespace', { transport: socketIo({ url: 'https://example.com/admin' }) }, 'namespace'],
])('options that are wrong do not end the worker, and every tab hears what is wrong: %s', async (_, options, words) => {
  expect(await firstMessage(options)).toMatchObject({
    type: 'partyline:announce',
    error: { code: 'bad-options', message: expect.stringContaining(words), retryable: false },
  })
})

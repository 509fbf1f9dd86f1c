import * as original from 'socket.io-client'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import * as face from '../../src/facades/socket-io/index.ts'
import { createBroker, resolveOptions, type Broker } from '../../src/worker/index.ts'
import { fromWorkerName } from '../../src/protocol/index.ts'
import { socketIo } from '../../src/worker/transports/socket-io.ts'
import type { Library } from '../facades/socket-io/behaviours/behaviour.ts'
import { behaviours } from '../facades/socket-io/behaviours/index.ts'
import { run } from '../facades/socket-io/behaviours/run.ts'
import { nodeHost } from '../support/line/node-host.ts'
import { startFaceServer, type FaceServer } from '../support/servers/face-server.ts'

let servers: { readonly [kind in 'plain' | 'recovery']: FaceServer }
const brokers = new Map<string, Broker>()
const errors: unknown[] = []

beforeAll(async () => {
  const [plain, recovery] = await Promise.all([
    startFaceServer('.', { pingIntervalMs: 300 }),
    startFaceServer('.', { recovery: true, pingIntervalMs: 300 }),
  ])
  servers = { plain, recovery }
  vi.stubGlobal('document', { hidden: false, hasFocus: () => false, addEventListener() {} })
  vi.stubGlobal('navigator', { onLine: true })
  vi.stubGlobal('SharedWorker', EventTarget)
  vi.stubGlobal('addEventListener', () => {})
  vi.stubGlobal('reportError', (error: unknown) => errors.push(error))
  face.useWorker(({ name }) => {
    const known = `${name} ${location.origin}`
    const { port1, port2 } = new MessageChannel()
    const broker = brokers.get(known) ?? startBroker(name)
    brokers.set(known, broker)
    broker.accept(port2)
    return Object.assign(new EventTarget(), { port: port1 }) as unknown as SharedWorker
  })
})

afterAll(async () => {
  for (const broker of brokers.values()) broker.close()
  for (const server of Object.values(servers)) await server.close()
  vi.unstubAllGlobals()
})

function startBroker(name: string): Broker {
  const transport = socketIo({ url: location.origin, transports: ['websocket'] })
  const options = resolveOptions({
    transport,
    backoffBaseMs: 50,
    backoffMaxMs: 50,
    restartSpreadMs: 50,
    circuitFailures: 1_000,
  })
  return createBroker({ host: nodeHost(), ...fromWorkerName(name), options })
}

describe('partyline/socket-io behaves as socket.io-client does', () => {
  const here = behaviours.filter(({ inBrowser = false }) => !inBrowser)
  test.each(here.map(behaviour => [behaviour.name, behaviour] as const))(
    '%s',
    async (name, { differs, on = 'plain' }) => {
      vi.stubGlobal('location', new URL(servers[on].url))
      const left = await run(name, { ...original }, servers[on].command)
      const right = await run(name, { ...face } as unknown as Library, servers[on].command)
      expect(right).toEqual(differs?.observed ?? left)
    },
  )
})

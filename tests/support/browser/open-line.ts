import { onTestFinished } from 'vitest'
import {
  connect,
  type ConnectOptions,
  type Line,
  type StatusName,
  type WorkerOptions,
} from '../../../src/client/index.ts'
import { toWorkerName } from '../../../src/protocol/index.ts'

let scopes = 0

/** A scope that no other test has, and so a broker of its own. */
export const newScope = (prefix = 'scope'): string => `${prefix}-${++scopes}-${crypto.randomUUID()}`

/** Opens the worker of the tests, as an app would its own. */
export const testWorker = (options: WorkerOptions): SharedWorker =>
  new SharedWorker(new URL('../../browser/test-broker.worker.ts', import.meta.url), { ...options, type: 'module' })

/** A tab's line, closed at the end of the test. */
export function openLine(options: Partial<ConnectOptions> = {}): Line {
  const line = connect({ worker: testWorker, scope: newScope(), ...options })
  onTestFinished(() => line.close())
  return line
}

/** A bare port to the broker of a scope, for those who do not keep to the protocol. */
export function openPort(scope: string): MessagePort {
  const { port } = testWorker({ name: toWorkerName({ scope, generation: 1 }), extendedLifetime: true })
  onTestFinished(() => port.close())
  return port
}

/** Resolves when the line has this status. */
export function hasStatus(line: Line, status: StatusName): Promise<void> {
  return new Promise(resolve => {
    if (line.status === status) return resolve()
    const stop = line.on('status', change => {
      if (change.status !== status) return
      stop()
      resolve()
    })
  })
}

/** A line whose broker has answered and whose connection is open, with one channel that is joined. */
export async function openJoined(options: Partial<ConnectOptions> = {}) {
  const line = openLine(options)
  const channel = line.channel('orders')
  const payloads: unknown[] = []
  channel.on('said', payload => payloads.push(payload))
  await new Promise<void>(resolve => {
    channel.onState(({ state }) => state === 'joined' && resolve())
  })
  return { line, channel, payloads }
}

import type { TransportLink } from '../../../src/worker/upstream/transport.ts'
import { testTransport, type TestTransport } from './test-transport.ts'

export interface PresenceTransport extends TestTransport {
  /** `<tab> <state>` and `<tab> gone`, in order. */
  readonly told: readonly string[]
  /** With what states are refused: rejected with an error of upstream, thrown otherwise. */
  refuses: Error | undefined
}

/** A transport over which tabs can tell the server of themselves. */
export function presenceTransport(): PresenceTransport {
  const transport = testTransport()
  const told: string[] = []
  const presence: PresenceTransport = {
    ...transport,
    capabilities: { presence: 'own' },
    told,
    refuses: undefined,
    create(sink) {
      const link: TransportLink = transport.create(sink)
      return Object.assign(link, {
        track(_channel: string, tab: string, state: unknown): Promise<void> {
          const { refuses } = presence
          if (refuses?.name === 'UpstreamError') return Promise.reject(refuses)
          if (refuses !== undefined) throw refuses
          told.push(`${tab} ${JSON.stringify(state)}`)
          return Promise.resolve()
        },
        untrack: (_channel: string, tab: string) => void told.push(`${tab} gone`),
      })
    },
  }
  return presence
}

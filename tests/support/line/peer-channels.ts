import type { BrokerHost, PeerChannel } from '../../../src/worker/host.ts'

interface Member {
  readonly scope: string
  readonly heard: (message: unknown) => void
}

/** Where the brokers of one browser hear each other: as on a BroadcastChannel later, in order, and nobody himself. */
export function peerChannels(): NonNullable<BrokerHost['peers']> {
  const members = new Set<Member>()
  function open(scope: string, heard: (message: unknown) => void): PeerChannel {
    const own: Member = { scope, heard }
    members.add(own)
    return {
      post(message) {
        const others = [...members].filter(member => member !== own && member.scope === scope)
        const copy: unknown = structuredClone(message)
        for (const other of others) setImmediate(() => members.has(other) && other.heard(copy))
      },
      close: () => members.delete(own),
    }
  }
  return { host: 'shared', open }
}

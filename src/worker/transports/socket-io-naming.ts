/** Socket.IO knows namespaces and events, no channels: how a channel's events are told apart in a namespace. */
export interface EventNames {
  /** The Socket.IO event for a channel's event. */
  toServer(channel: string, event: string): string
  /** The channel and event that a Socket.IO event stands for; `undefined`: it belongs to no channel. */
  fromServer(name: string, args: readonly unknown[]): { readonly channel: string; readonly event: string } | undefined
}

/** `orders:created` is event `created` of channel `orders`; what stands before the last colon is the channel. */
export const colonNames: EventNames = {
  toServer: (channel, event) => `${channel}:${event}`,
  fromServer(name) {
    const colon = name.lastIndexOf(':')
    return colon > 0 ? { channel: name.slice(0, colon), event: name.slice(colon + 1) } : undefined
  },
}

/**
 * Where a channel lives.
 * - `orders`: in the primary namespace
 * - `/chat#lobby`: channel `lobby` in namespace `/chat`
 * - `/chat`: all events of that namespace, under their own names
 */
export interface Address {
  readonly namespace: string
  /** Empty for the whole namespace. */
  readonly room: string
}

export function toAddress(channel: string, primary: string): Address {
  if (!channel.startsWith('/')) return { namespace: primary, room: channel }
  const hash = channel.indexOf('#')
  return hash < 0
    ? { namespace: channel, room: '' }
    : { namespace: channel.slice(0, hash), room: channel.slice(hash + 1) }
}

export function toChannel({ namespace, room }: Address, primary: string): string {
  if (room === '') return namespace
  return namespace === primary ? room : `${namespace}#${room}`
}

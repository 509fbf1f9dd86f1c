import { UpstreamError } from '../upstream/transport.ts'
import type { Carrier, CarrierListener } from './websocket-carrier.ts'

export interface SocketAddress {
  readonly url: string
  readonly protocols: readonly string[]
  /** @throws nothing */
  readonly causeOf: (code: number, reason: string) => UpstreamError
}

/** A carrier that is a WebSocket. */
export function connectSocket({ url, protocols, causeOf }: SocketAddress, listener: CarrierListener): Carrier {
  const socket = create(url, protocols)
  socket.binaryType = 'arraybuffer'
  const opened = (): void => listener.opened()
  const received = ({ data }: MessageEvent<string | ArrayBuffer>): void => listener.received(data)
  const closed = ({ code, reason }: CloseEvent): void => {
    silence()
    listener.closed(causeOf(code, reason))
  }
  const silence = (): void => {
    socket.removeEventListener('open', opened)
    socket.removeEventListener('message', received)
    socket.removeEventListener('close', closed)
  }
  socket.addEventListener('open', opened)
  socket.addEventListener('message', received)
  socket.addEventListener('close', closed)
  // The close that follows tells as much. In Node an error that nobody listens for would be thrown.
  socket.addEventListener('error', () => {})
  return {
    send: frame => socket.send(frame),
    close() {
      silence()
      socket.close()
    },
  }
}

/** What a browser says of a subprotocol or an address that cannot be holds it, and so perhaps a token. */
function create(url: string, protocols: readonly string[]): WebSocket {
  try {
    return new WebSocket(url, [...protocols])
  } catch {
    throw new UpstreamError('network', 'the browser makes no WebSocket with this address or these subprotocols')
  }
}

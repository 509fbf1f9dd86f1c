import type { Credentials, CredentialsRequest } from '../../client/index.ts'
import type { FaceSocket } from './face-socket.ts'
import type { Options } from './options.ts'

/**
 * Gives what the broker asks for: of the connection itself, or of one namespace.
 *
 * @param opts those with which the line was made, for when one socket has left it and the next is on its way
 */
export async function credentials(
  { channel }: CredentialsRequest,
  sockets: readonly FaceSocket[],
  opts: Options,
): Promise<Credentials> {
  const socket = sockets.find(({ active, nsp }) => active && (channel ?? nsp) === nsp)
  if (channel === undefined) {
    const { query, extraHeaders } = socket?.io.opts ?? opts
    // To be asked for anew at each connection.
    return { face: { query, extraHeaders }, expiresAt: 0 }
  }
  if (!socket) throw new Error(`no socket for ${channel}`)
  const data = socket._auth ? socket._auth.data : await new Promise(resolve => socket._resolveAuth(resolve))
  // What was made of somebody else's is not this one's line.
  const [line] = await socket.io._lineFor(socket, data)
  if (line !== socket._line) {
    socket._leave()
    socket._join()
    throw new Error(`other credentials for ${channel}`)
  }
  return { json: JSON.stringify(data) }
}

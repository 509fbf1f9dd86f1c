import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Resolves with the port on the loopback: the one that is asked for, with 0 any free one. */
export async function listen(http: Server, port = 0): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    http.once('error', reject)
    http.listen(port, '127.0.0.1', resolve)
  })
  return (http.address() as AddressInfo).port
}

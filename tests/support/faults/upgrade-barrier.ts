import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export interface UpgradeBarrier {
  /** To be given to clients instead of the server's. */
  readonly url: string
  readonly port: number
  /**
   * Ends the WebSockets that there are and lets no more through, as some proxies do; plain requests go on.
   * @param attempts after so many that were not let through all are again @default until it is told otherwise
   */
  bar(isBarred: boolean, attempts?: number): void
  /** Attempts that were not let through. */
  refused(): number
  close(): Promise<void>
}

interface Link {
  readonly client: Socket
  readonly target: Socket
  isWebSocket: boolean
}

/** A proxy on the loopback in front of a server there that can keep WebSockets from getting through. */
export async function startUpgradeBarrier(targetPort: number): Promise<UpgradeBarrier> {
  const links = new Set<Link>()
  let toRefuse = 0
  let refused = 0

  function end(link: Link): void {
    link.client.destroy()
    link.target.destroy()
    links.delete(link)
  }

  const server = createServer({ allowHalfOpen: true }, client => {
    const target = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true })
    const link: Link = { client, target, isWebSocket: false }
    links.add(link)
    for (const side of [client, target]) side.on('error', () => end(link)).on('close', () => end(link))
    client.on('data', (chunk: Buffer) => {
      if (link.isWebSocket) return
      link.isWebSocket = isUpgrade(chunk)
      if (!link.isWebSocket || toRefuse === 0) return
      toRefuse--
      refused++
      end(link)
    })
    client.pipe(target)
    target.pipe(client)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    bar(isBarred, attempts = Infinity) {
      toRefuse = isBarred ? attempts : 0
      for (const link of links) if (isBarred && link.isWebSocket) end(link)
    },
    refused: () => refused,
    close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const link of links) end(link)
      return closed
    },
  }
}

/** A request's headers come in one piece on the loopback. */
function isUpgrade(chunk: Buffer): boolean {
  return /^GET [^]*\r\nupgrade: *websocket\r\n/i.test(chunk.subarray(0, 4096).toString('latin1'))
}

import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net'

export interface Proxy {
  /** To be given to clients instead of the server's. */
  readonly url: string
  readonly port: number
  /** Of clients, now; also those that have gone while nobody could be told. */
  connections(): number
  /** Breaks every connection, for both sides, also a silent one. New ones are not affected. */
  cut(): void
  /**
   * Goes silent in both directions and closes nothing, as a network does when a cable is out or a router forgets: what
   * either side sends, its end included, gets nowhere. New connections are accepted and stay silent.
   */
  swallow(): void
  /** Goes on; what was held back arrives, in order, also the ends. */
  heal(): void
  close(): Promise<void>
}

/** A proxy on the loopback in front of a server there, for the faults that only a network has. */
export async function startProxy(targetPort: number): Promise<Proxy> {
  const links = new Set<Link>()
  let silent = false
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, client => {
    const link = new Link(client, targetPort, () => links.delete(link))
    links.add(link)
    if (!silent) link.pass()
  })
  const port = await listen(server)
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    connections: () => links.size,
    cut() {
      for (const link of links) link.break()
    },
    swallow() {
      silent = true
      for (const link of links) link.hold()
    },
    heal() {
      if (!silent) return
      silent = false
      for (const link of links) link.pass()
    },
    close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const link of links) link.break()
      return closed
    },
  }
}

/** One client's connection and the one to the server that belongs to it. It starts on hold, not yet connected to it. */
class Link {
  readonly #client: Socket
  readonly #targetPort: number
  readonly #onGone: () => void
  #target: Socket | undefined
  #isHeld = true
  /** A side failed; the other one hears of it when the link passes on. */
  #isBroken = false

  constructor(client: Socket, targetPort: number, onGone: () => void) {
    this.#client = client
    this.#targetPort = targetPort
    this.#onGone = onGone
    this.#watch(client)
  }

  /** Only for one on hold. */
  pass(): void {
    this.#isHeld = false
    if (this.#isBroken) return this.break()
    const client = this.#client
    const target = (this.#target ??= this.#connect())
    client.pipe(target)
    target.pipe(client)
  }

  hold(): void {
    this.#isHeld = true
    for (const side of [this.#client, this.#target]) side?.unpipe().pause()
  }

  break(): void {
    this.#client.destroy()
    this.#target?.destroy()
  }

  #connect(): Socket {
    // Half-open, so that the end of one direction is passed on like the rest, and not answered here.
    return this.#watch(connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true }))
  }

  #watch(side: Socket): Socket {
    side.on('error', () => {
      this.#isBroken = true
      if (!this.#isHeld) this.break()
    })
    side.once('close', () => {
      if (this.#client.closed && (this.#target?.closed ?? true)) this.#onGone()
    })
    return side
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return (server.address() as AddressInfo).port
}

import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** The TCP connections of a server, whatever is spoken over them. */
export class TcpSockets {
  readonly #open = new Set<Socket>()

  constructor(http: Server) {
    http.on('connection', socket => {
      this.#open.add(socket)
      socket.on('close', () => this.#open.delete(socket))
    })
  }

  /** Breaks every one without a word, as a network does. Resolves when the last has closed. */
  async cut(): Promise<void> {
    const gone = [...this.#open].map(socket => new Promise(resolve => socket.once('close', resolve)))
    for (const socket of this.#open) socket.destroy()
    await Promise.all(gone)
  }
}

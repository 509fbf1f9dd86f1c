import { once } from 'node:events'
import type { Server } from 'node:http'
import { WebSocketServer } from 'ws'
import { Connection } from './connection.ts'
import { readHandshake, refuseHandshake, type Handshake } from './handshake.ts'
import type { Hub } from './hub.ts'

/** Where clients come in: who is connected, and how many were refused. */
export class Gate {
  readonly #sockets = new WebSocketServer({ noServer: true })
  readonly #connections = new Set<Connection>()
  #peak = 0
  #refused = 0
  #refusalStatus = 0

  constructor(hub: Hub, http: Server) {
    http.on('upgrade', (request, socket, head) => {
      const handshake = this.#refusal() ?? readHandshake(hub, request, this.#connections.size)
      if (!handshake.isGranted) {
        this.#refused++
        return refuseHandshake(socket, handshake)
      }
      this.#sockets.handleUpgrade(request, socket, head, client => {
        const connection = new Connection(hub, client, handshake.version, handshake.apiKey)
        this.#connections.add(connection)
        this.#peak = Math.max(this.#peak, this.#connections.size)
        client.on('close', () => this.#connections.delete(connection))
      })
    })
  }

  get connections(): readonly Connection[] {
    return [...this.#connections]
  }

  /** The most that there ever were at once. */
  get peak(): number {
    return this.#peak
  }

  get refused(): number {
    return this.#refused
  }

  /** Refuses everybody with this HTTP status; 0 ends that. */
  refuseAll(status: number): void {
    this.#refusalStatus = status
  }

  /** Breaks all connections off. Resolves when nobody is connected. */
  async cut(): Promise<void> {
    const gone = [...this.#sockets.clients].map(client => once(client, 'close'))
    for (const client of this.#sockets.clients) client.terminate()
    await Promise.all(gone)
  }

  #refusal(): Handshake | undefined {
    if (this.#refusalStatus === 0) return undefined
    return { isGranted: false, status: this.#refusalStatus, error: 'Error connecting to Realtime' }
  }
}

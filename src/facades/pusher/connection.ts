import type { BaseLine } from '../../client/base-line.ts'
import type { ChannelStateChange, PartylineError } from '../../client/index.ts'
import type { LineStatus } from '../../protocol/index.ts'
import { sendNow } from '../line-for.ts'
import { Dispatcher } from './dispatcher.ts'
import { log } from './log.ts'
import type { Pusher } from './pusher.ts'

export interface Message {
  readonly event: string
  readonly channel?: string | undefined
  readonly data?: unknown
  readonly user_id?: string
}

/** What the server says to who joins, and who this user is there. */
export interface Greeting {
  readonly messages: readonly Message[]
  readonly me?: unknown
}

/** What the worker tells of its connection. */
interface Opened {
  readonly socketId: string
  readonly server: string
}

const CONNECTION = '#connection'
const params = { raw: true }

/** The connection of the worker, as this tab sees it: a `disconnect` here is this tab's alone. */
export class ConnectionManager extends Dispatcher {
  state = 'initialized'
  socket_id!: string
  readonly #pusher: Pusher
  #line: Promise<BaseLine> | undefined
  #open: BaseLine | undefined
  #isWanted = false
  #isInsisting = false
  #unavailable: ReturnType<typeof setTimeout> | undefined
  /** What ends the listening to each channel. */
  readonly #stops = new Map<string, AbortController>()

  constructor(pusher: Pusher) {
    super()
    this.#pusher = pusher
  }

  connect(): void {
    if (this.#isWanted) return
    this.#isWanted = true
    this.#isInsisting = false
    this.#begin()
    const stop = this.#stopOf(CONNECTION)
    this.#line = this.#pusher.openLine(this.#line)
    this.#line.then(
      line => {
        if (!stop.signal.aborted) this.#listen(line, stop)
      },
      error => {
        if (!stop.signal.aborted) this.#fail(error)
      },
    )
  }

  disconnect(): void {
    this.#end()
    this.#update('disconnected')
  }

  isUsingTLS(): boolean {
    return this.#pusher.shouldUseTLS()
  }

  send_event(event: string, data: unknown, channel?: string): boolean {
    if (this.state !== 'connected' || !this.#open) return false
    // Once through JSON, as it goes to the server: what cannot be throws here.
    const sent = JSON.parse(JSON.stringify({ event, data, channel })) as Message
    log('log', 'Event sent', sent)
    const to = this.#open.channel(channel ? { name: channel, params } : { name: CONNECTION })
    sendNow(this.#open, { channel: to.id, event, payload: sent.data }, 'safe').catch(({ message }: Error) =>
      this.emit('error', { type: 'PusherError', data: { code: null, message } }),
    )
    return true
  }

  /** For pusher: another server is meant. */
  switchCluster(): void {
    this.#end()
    this.#line?.then(line => line.close()).catch(() => {})
    this.#line = undefined
    this.connect()
  }

  /** For channels: hears what the server says of one. Asked again it tells again what it has heard, if the channel is joined. */
  join(
    name: string,
    joined: (greeting: Greeting) => void,
    refused: (error: PartylineError) => void,
    channelOf: (event: string) => string | undefined = () => name,
  ): void {
    if (this.state !== 'connected' || !this.#open) return
    const channel = this.#open.channel({ name, params })
    const changed = ({ state, info, error }: Pick<ChannelStateChange, 'state' | 'info' | 'error'>): void => {
      // It is asked for anew with the next connection, or when the app asks.
      if (state === 'refused') this.leave(name)
      if (this.state !== 'connected') return
      if (state === 'joined') joined(info as Greeting)
      if (error) refused(error)
    }
    if (this.#stops.has(name)) return changed(channel)
    const stop = this.#stopOf(name)
    channel.on('state', changed, stop)
    channel.on(
      'continuity',
      continuity => {
        if (continuity.verdict === 'gap') this.emit('error', { type: 'PartylineGap', channel: name, data: continuity })
      },
      stop,
    )
    channel.on(
      'event',
      ([, event, data, , rest]) => {
        this.emit('message', { event, channel: channelOf(event), data, ...(rest?.[0] as object | undefined) })
      },
      stop,
    )
  }

  leave(name: string): void {
    this.#stops.get(name)?.abort()
    this.#stops.delete(name)
  }

  #listen(line: BaseLine, stop: AbortController): void {
    this.#open = line
    const connection = line.channel({ name: CONNECTION })
    line.statusChanges.on(change => this.#changed(change), stop)
    connection.on(
      'state',
      ({ state, info }) => {
        if (state === 'joined') this.#opened(info as Opened)
      },
      stop,
    )
    connection.on(
      'event',
      ([, event, data]) => {
        if (event === 'end') this.disconnect()
        else this.emit(event, data)
      },
      stop,
    )
    // When the next attempt comes was told at its time.
    const { retryInMs: _, ...status } = line.status
    this.#changed(status)
  }

  #opened({ socketId, server }: Opened): void {
    const wanted = this.#pusher.server
    if (server !== wanted) {
      const data = { code: 4_001, message: `the worker connects to ${server}, not to ${wanted}` }
      this.emit('error', { type: 'WebSocketError', error: { type: 'PusherError', data } })
      return this.disconnect()
    }
    const isOpen = this.state === 'connected'
    // The tab itself was away, and the connection was not.
    if (isOpen && socketId === this.socket_id) return
    if (isOpen) this.#begin()
    clearTimeout(this.#unavailable)
    this.socket_id = socketId
    this.#update('connected', { socket_id: socketId })
  }

  #changed({ status, reason, retryInMs = 0 }: LineStatus): void {
    if (status === 'closed') return this.#fail({ code: reason })
    const seconds = Math.round(retryInMs / 1_000)
    if (seconds) this.emit('connecting_in', seconds)
    // It waits to be asked, once, after what was refused before.
    if (reason === 'credentials-refused' && !this.#isInsisting) {
      this.#isInsisting = true
      void this.#line?.then(line => line.reconnect())
    }
    if (status !== 'open' && this.state === 'connected') this.#begin()
  }

  #fail(error: unknown): void {
    this.#end()
    this.#line = undefined
    this.emit('error', { type: 'PartylineError', error })
    this.#update('failed')
  }

  #begin(): void {
    this.#update('connecting')
    clearTimeout(this.#unavailable)
    this.#unavailable = setTimeout(() => this.#update('unavailable'), this.#pusher.options.unavailableTimeout ?? 10_000)
  }

  #end(): void {
    this.#isWanted = false
    clearTimeout(this.#unavailable)
    for (const name of this.#stops.keys()) this.leave(name)
  }

  #stopOf(name: string): AbortController {
    const stop = new AbortController()
    this.#stops.set(name, stop)
    return stop
  }

  #update(state: string, data?: { socket_id: string }): void {
    const previous = this.state
    this.state = state
    if (previous === state) return
    log('log', 'State changed', `${previous} -> ${state}${data ? ` with new socket ID ${data.socket_id}` : ''}`)
    this.emit('state_change', { previous, current: state })
    this.emit(state, data)
  }
}

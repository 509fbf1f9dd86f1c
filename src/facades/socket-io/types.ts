/* oxlint-disable typescript/no-explicit-any -- the original's types, which apps name */
import type { Listener } from './emitter.ts'
import type { FaceOptions, ManagerOptions, Options, SocketOptions } from './options.ts'

export interface EventsMap {
  [event: string]: any
}

export interface DefaultEventsMap {
  [event: string]: (...args: any[]) => void
}

export type DisconnectDescription = Error | { description: string; context?: unknown }

export interface ExtendedError extends Error {
  data?: any
}

export interface SocketReservedEvents {
  connect: () => void
  connect_error: (error: ExtendedError) => void
  disconnect: (reason: Socket.DisconnectReason, description?: DisconnectDescription) => void
}

export interface ManagerReservedEvents {
  open: () => void
  error: (error: Error) => void
  ping: () => void
  /** Never fired: packets come to the worker. */
  packet: (packet: any) => void
  close: (reason: string, description?: DisconnectDescription) => void
  reconnect_failed: () => void
  reconnect_attempt: (attempt: number) => void
  reconnect_error: (error: Error) => void
  reconnect: (attempt: number) => void
}

type EventNames<Events extends EventsMap> = keyof Events & (string | symbol)
type NamesOf<Reserved extends EventsMap, Events extends EventsMap> = EventNames<Reserved> | EventNames<Events>
type Untyped<Own> = [Own] extends [never] ? (...args: any[]) => void | Promise<void> : Own
type ListenerOf<Reserved extends EventsMap, Events extends EventsMap, Name extends NamesOf<Reserved, Events>> = Untyped<
  Name extends EventNames<Reserved> ? Reserved[Name] : Name extends EventNames<Events> ? Events[Name] : never
>
type ArgumentsOf<Events extends EventsMap, Name extends EventNames<Events>> = Parameters<Events[Name]>
type WithError<Args extends any[]> = {
  [Index in keyof Args]: Args[Index] extends (...args: infer Own) => infer Result
    ? (error: Error, ...args: Own) => Result
    : Args[Index]
}
export type DecorateAcknowledgements<Events> = {
  [Name in keyof Events]: Events[Name] extends (...args: infer Own) => infer Result
    ? (...args: WithError<Own>) => Result
    : Events[Name]
}
type Last<List extends any[]> = List extends [...infer _, infer Own] ? Own : any
type AllButLast<List extends any[]> = List extends [...infer Own, infer _] ? Own : any[]
type FirstArgument<Own> = Own extends (first: infer Argument) => infer _ ? Argument : any

interface Emitting<Events extends EventsMap, Reserved extends EventsMap> {
  on<Name extends NamesOf<Reserved, Events>>(event: Name, listener: ListenerOf<Reserved, Events, Name>): this
  once<Name extends NamesOf<Reserved, Events>>(event: Name, listener: ListenerOf<Reserved, Events, Name>): this
  off<Name extends NamesOf<Reserved, Events>>(event?: Name, listener?: ListenerOf<Reserved, Events, Name>): this
  removeListener<Name extends NamesOf<Reserved, Events>>(
    event?: Name,
    listener?: ListenerOf<Reserved, Events, Name>,
  ): this
  removeAllListeners(event?: NamesOf<Reserved, Events>): this
  listeners<Name extends NamesOf<Reserved, Events>>(event: Name): ListenerOf<Reserved, Events, Name>[]
  hasListeners(event: NamesOf<Reserved, Events>): boolean
}

export interface Socket<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> extends Emitting<ListenEvents, SocketReservedEvents> {
  readonly io: Manager<ListenEvents, EmitEvents>
  id: string | undefined
  connected: boolean
  recovered: boolean
  auth: { [key: string]: any } | ((send: (data: object) => void) => void)
  receiveBuffer: ReadonlyArray<any>[]
  /** Packets, with `data`: the event and its arguments. */
  sendBuffer: any[]
  get disconnected(): boolean
  get active(): boolean
  connect(): this
  open(): this
  disconnect(): this
  close(): this
  send(...args: any[]): this
  emit<Name extends EventNames<EmitEvents>>(event: Name, ...args: ArgumentsOf<EmitEvents, Name>): this
  emitWithAck<Name extends EventNames<EmitEvents>>(
    event: Name,
    ...args: AllButLast<ArgumentsOf<EmitEvents, Name>>
  ): Promise<FirstArgument<Last<ArgumentsOf<EmitEvents, Name>>>>
  compress(compress: boolean): this
  get volatile(): this
  timeout(timeout: number): Socket<ListenEvents, DecorateAcknowledgements<EmitEvents>>
  onAny(listener: Listener): this
  prependAny(listener: Listener): this
  offAny(listener?: Listener): this
  listenersAny(): Listener[]
  onAnyOutgoing(listener: Listener): this
  prependAnyOutgoing(listener: Listener): this
  offAnyOutgoing(listener?: Listener): this
  listenersAnyOutgoing(): Listener[]
}

export declare namespace Socket {
  type DisconnectReason =
    | 'io server disconnect'
    | 'io client disconnect'
    | 'ping timeout'
    | 'transport close'
    | 'transport error'
    | 'parse error'
}

/** What a tab knows of the connection. */
export interface Engine {
  readonly transport: { readonly name: string }
  on(event: 'upgrade', listener: (transport: { readonly name: string }) => void): unknown
  once(event: 'upgrade', listener: (transport: { readonly name: string }) => void): unknown
  off(event?: 'upgrade', listener?: (transport: { readonly name: string }) => void): unknown
}

export interface Manager<
  ListenEvents extends EventsMap = DefaultEventsMap,
  EmitEvents extends EventsMap = ListenEvents,
> extends Emitting<{}, ManagerReservedEvents> {
  engine: Engine
  opts: Partial<ManagerOptions>
  _autoConnect: boolean
  _readyState: 'opening' | 'open' | 'closed'
  _reconnecting: boolean
  reconnection(value: boolean): this
  reconnection(): boolean
  reconnectionAttempts(value: number): this
  reconnectionAttempts(): number
  reconnectionDelay(value: number): this
  reconnectionDelay(): number
  reconnectionDelayMax(value: number): this
  reconnectionDelayMax(): number
  randomizationFactor(value: number): this
  randomizationFactor(): number
  timeout(value: number | boolean): this
  timeout(): number | boolean
  open(opened?: (error?: Error) => void): this
  connect(opened?: (error?: Error) => void): this
  socket(namespace: string, options?: Partial<SocketOptions & FaceOptions>): Socket<ListenEvents, EmitEvents>
  _close(): void
}

export interface SocketConstructor {
  new (manager: Manager, namespace: string, options?: Partial<SocketOptions & FaceOptions>): Socket
}

export interface ManagerConstructor {
  new (opts: Partial<ManagerOptions>): Manager
  new (uri?: string | Partial<ManagerOptions>, opts?: Partial<ManagerOptions>): Manager
}

export interface Lookup {
  (opts?: Options): Socket
  (uri?: string, opts?: Options): Socket
}

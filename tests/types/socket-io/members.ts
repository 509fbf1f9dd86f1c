/** The face has every public member of the original, with types that take what the original's do. */
import type * as original from 'socket.io-client'
import type * as face from '../../../src/facades/socket-io/index.ts'

type Missing<Of, In> = Exclude<keyof Of, keyof In>
type None<Left extends never> = Left

/** Inner parts of the original's manager, and events that it hears by itself. */
type Inner = '_destroy' | '_packet' | 'emit'

export type OfSocket = None<Exclude<Missing<original.Socket, face.Socket>, Inner>>
export type OfManager = None<Exclude<Missing<original.Manager, face.Manager>, Inner>>
export type OfModule = None<
  Exclude<
    Missing<typeof original, typeof face>,
    // Ways to the network, which are the worker's.
    'Fetch' | 'NodeXHR' | 'XHR' | 'NodeWebSocket' | 'WebSocket' | 'WebTransport'
  >
>

declare const ofOriginal: original.Socket
/** Whoever takes a socket of the face takes one of the original. */
export const socket: face.Socket = ofOriginal
declare const io: typeof original.io
export const lookup: typeof face.io = io

/** Each method of the face can stand where the original's is called, whose sockets have private members besides. */
type Callable<Own> = Own extends (...args: infer Args) => unknown ? (...args: Args) => unknown : Own
type Public<Own, Without = never> = {
  [Name in Exclude<keyof Own, Without | 'io' | 'engine' | 'volatile'>]: Callable<Own[Name]>
}
declare const ofFace: face.Socket
export const standIn: Public<original.Socket, Inner> = ofFace
declare const manager: face.Manager
export const managerStandIn: Public<original.Manager, Inner | 'opts'> = manager

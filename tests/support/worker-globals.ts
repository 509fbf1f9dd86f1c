/** What libraries for workers expect around them and Node does not have. */
import { WebSocket } from 'ws'

globalThis.WebSocket ??= WebSocket as unknown as typeof globalThis.WebSocket
globalThis.self ??= globalThis as unknown as typeof globalThis.self

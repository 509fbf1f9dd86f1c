/** Node 20 has no WebSocket of its own; that of `ws` has the same interface. */
import { WebSocket } from 'ws'

Object.assign(globalThis, { WebSocket })

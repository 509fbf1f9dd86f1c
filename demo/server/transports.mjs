/** The transports on which the demo runs: for each the line by which visitors then reach the house. */

/** @import { OpenLine } from './lines/line.ts' */
/** @import { TransportName } from '../src/transport/transports.ts' */

/**
 * Each is loaded only where it runs.
 * @type {Readonly<Record<TransportName, () => Promise<OpenLine>>>}
 */
const LINES = {
  'socket-io': async () => (await import('./lines/socket-io-line.mjs')).openSocketIoLine,
  pusher: async () => (await import('./lines/pusher-line.mjs')).openPusherLine,
  supabase: async () => (await import('./lines/supabase-line.mjs')).openSupabaseLine,
  websocket: async () => (await import('./lines/websocket-line.mjs')).openWebSocketLine,
}

export const TRANSPORT_NAMES = /** @type {readonly TransportName[]} */ (Object.keys(LINES))

/** @type {TransportName} */
export const DEFAULT_TRANSPORT = 'socket-io'

/**
 * @param {unknown} name
 * @returns {name is TransportName}
 */
export function isTransport(name) {
  return TRANSPORT_NAMES.some(known => known === name)
}

/**
 * @param {TransportName} name
 * @param {import('node:http').Server} http
 */
export async function openLine(name, http) {
  const open = await LINES[name]()
  return open(http)
}

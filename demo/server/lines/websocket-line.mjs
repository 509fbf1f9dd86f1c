/** A WebSocket with Partyline's own protocol (docs/websocket-protocol.md): visitors do everything over the one connection. */
import { parseName } from '../parse.mjs'
import { answerTo } from '../answer.mjs'
import { forwardUpgrades } from './forward-upgrades.mjs'
import { loadServer } from './load-server.mjs'

/** @import { PublishedMessage } from '../../../tests/support/servers/websocket/session.ts' */
/** @import { Outcome } from '../../../tests/support/servers/websocket/messages.ts' */
/** @import { Desk, Line } from './line.ts' */

const MAX_MESSAGE_BYTES = 16 * 1024

/**
 * @param {import('node:http').Server} http
 * @returns {Promise<Line>}
 */
export async function openWebSocketLine(http) {
  /** @type {typeof import('../../../tests/support/servers/websocket/websocket-server.ts')} */
  const { startWebSocketServer } = await loadServer('websocket/websocket-server.ts')
  /** @type {Desk} */
  let desk
  const server = await startWebSocketServer({
    authenticate: credentials => ({ user: parseName(credentials) }),
    handle: (message, answer) => answer(outcomeOf(message, desk)),
    maxMessageBytes: MAX_MESSAGE_BYTES,
  })
  return {
    open(opened) {
      desk = opened
      forwardUpgrades(http, server.port)
    },
    emit: server.publish,
    connections: server.connections,
    close: server.close,
  }
}

/**
 * @param {PublishedMessage} message
 * @param {Desk} desk
 * @returns {Outcome}
 */
function outcomeOf({ channel, event, payload, key, user = '' }, desk) {
  const { ok, ...reply } = answerTo(() => desk.take(`${channel}:${event}`, { name: user, payload, key }))
  if (ok) return { ok, reply }
  return { ok, error: { code: 'refused', message: 'the house will not', details: reply } }
}

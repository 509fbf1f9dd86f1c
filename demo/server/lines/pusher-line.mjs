/**
 * Pusher: the house triggers events by the HTTP API, with the official library. Visitors write to the house over HTTP
 * (see api.mjs), since nothing that they send by Pusher itself reaches it.
 */
import { randomBytes } from 'node:crypto'
import { answerPost, readForm } from '../http.mjs'
import { parsePusherAuth } from '../parse.mjs'
import { forwardUpgrades } from './forward-upgrades.mjs'
import { loadServer } from './load-server.mjs'
import { createMailbag } from './mailbag.mjs'

/** @import { Line } from './line.ts' */

const KEY = 'osteria-filo'
const AUTH_PATH = '/pusher/auth'
/** Only who may join hears these, and who is on the floor is told. */
const CHANNELS = { orders: 'private-orders', floor: 'presence-floor', house: 'private-house' }
const MAX_BATCH = 10

/**
 * @param {import('node:http').Server} http
 * @returns {Promise<Line>}
 */
export async function openPusherLine(http) {
  /** @type {typeof import('../../../tests/support/servers/pusher/pusher-server.ts')} */
  const { startPusherServer } = await loadServer('pusher/pusher-server.ts')
  const secret = randomBytes(16).toString('hex')
  const server = await startPusherServer({ app: { id: 'osteria', key: KEY, secret } })
  const { sdk } = server
  const mailbag = createMailbag({
    fits: bag => bag.length < MAX_BATCH,
    send: (/** @type {readonly import('pusher').BatchEvent[]} */ events) => sdk.triggerBatch([...events]),
  })

  /** @param {unknown} body */
  function authorise(body) {
    const { name, channel, socketId } = parsePusherAuth(body, Object.values(CHANNELS))
    const member = channel === CHANNELS.floor ? { user_id: name, user_info: { name } } : undefined
    return sdk.authorizeChannel(socketId, channel, member)
  }

  return {
    key: KEY,
    open: () => forwardUpgrades(http, server.port),
    emit: (channel, name, data) =>
      mailbag.add({ channel: CHANNELS[/** @type {keyof typeof CHANNELS} */ (channel)], name, data }),
    emitted: mailbag.sent,
    connections: server.connections,
    answers(request, response) {
      if (request.method !== 'POST' || request.url !== AUTH_PATH) return false
      void answerPost(request, response, authorise, readForm)
      return true
    },
    async close() {
      await mailbag.close()
      await server.close()
    },
  }
}

/**
 * Each visitor's own way to the house, which they can cut: from then on their connections are gone and none is taken,
 * of whichever tab or worker, as if there were no network. The switch alone is always heard.
 */
import { randomUUID } from 'node:crypto'
import { answerPost, sendJson } from './http.mjs'
import { parseSwitch } from './parse.mjs'
import { Refusal } from './refusal.mjs'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { Socket } from 'node:net' */

const SWITCH_PATH = '/network'
const COOKIE = /(?:^|;\s*)visitor=([\w-]{36})/

export function createNetwork() {
  /** @type {Set<string>} visitors */
  const cut = new Set()
  /** @type {Map<string, Set<Socket>>} by visitor */
  const connections = new Map()

  /**
   * @param {string} visitor
   * @param {Socket} socket
   */
  function keepTrack(visitor, socket) {
    const own = connections.get(visitor) ?? new Set()
    if (own.has(socket)) return
    connections.set(visitor, own.add(socket))
    socket.once('close', () => {
      own.delete(socket)
      if (own.size === 0 && connections.get(visitor) === own) connections.delete(visitor)
    })
  }

  /**
   * @param {string | undefined} visitor
   * @param {boolean} wantsCut
   */
  function turn(visitor, wantsCut) {
    if (visitor === undefined) throw new Refusal('the switch needs a cookie, which this browser does not keep')
    if (!wantsCut) cut.delete(visitor)
    else {
      cut.add(visitor)
      for (const socket of connections.get(visitor) ?? []) socket.destroy()
    }
    return { cut: wantsCut }
  }

  return {
    /**
     * Whether the request may go on. Where its visitor has cut the network its connection ends here.
     * @param {IncomingMessage} request
     */
    admits(request) {
      const visitor = visitorOf(request)
      if (visitor === undefined) return true
      if (!cut.has(visitor)) keepTrack(visitor, request.socket)
      else request.socket.destroy()
      return !cut.has(visitor)
    },

    /**
     * Answers what is meant for the switch, and tells whether it was.
     * @param {IncomingMessage} request
     * @param {ServerResponse} response
     */
    answers(request, response) {
      if (request.url !== SWITCH_PATH) return false
      const visitor = visitorOf(request)
      if (request.method === 'POST') void answerPost(request, response, body => turn(visitor, parseSwitch(body)))
      else {
        greet(request, response)
        sendJson(response, { cut: visitor !== undefined && cut.has(visitor) })
      }
      return true
    },
    greet,
  }
}

/**
 * A browser that comes for the first time is told by what it will be known.
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 */
function greet(request, response) {
  if (visitorOf(request) === undefined)
    response.setHeader('set-cookie', `visitor=${randomUUID()}; Path=/; HttpOnly; SameSite=Lax`)
}

/** @param {IncomingMessage} request */
function visitorOf({ headers }) {
  return COOKIE.exec(headers.cookie ?? '')?.[1]
}

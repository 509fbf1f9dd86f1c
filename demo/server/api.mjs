/**
 * The house over HTTP: what can be read; what is written where the line itself does not lead to the house; and the
 * outbox's endpoint, for messages that no tab is there to send.
 */
import { answerTo } from './answer.mjs'
import { answerPost, sendJson } from './http.mjs'
import { MENU } from './menu.mjs'
import { parseMessage, parseOutbox } from './parse.mjs'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { House } from './house.mjs' */

/** @param {House} house */
export function createApi(house) {
  /** @type {Record<string, () => object>} */
  const reads = {
    '/api/orders': house.orders,
    '/api/floor': house.floor,
  }

  /** @param {unknown} body */
  async function takeMessages(body) {
    const { name, messages } = parseOutbox(body)
    const results = messages.map(({ key, event, payload }) => {
      const answer = answerTo(() => house.write(event, { name, payload, key }))
      return answer.ok ? { key, outcome: 'acknowledged' } : { key, outcome: 'rejected', error: answer.error }
    })
    await house.done()
    return { results }
  }

  /** @param {unknown} body */
  async function takeMessage(body) {
    const { event, ...asked } = parseMessage(body)
    const answer = { ...house.take(event, asked) }
    await house.done()
    return answer
  }

  return {
    /**
     * Answers what is meant for it, and tells whether it was.
     * @param {IncomingMessage} request
     * @param {ServerResponse} response
     */
    answers(request, response) {
      const { method, url = '' } = request
      if (method === 'POST' && url === '/partyline/outbox') void answerPost(request, response, takeMessages)
      else if (method === 'POST' && url === '/api/messages') void answerPost(request, response, takeMessage)
      // The same for everybody, and kept as such.
      else if (url === '/api/menu') sendJson(response, { menu: MENU }, { cacheControl: 'public, max-age=0' })
      else if (Object.hasOwn(reads, url)) sendJson(response, reads[url]?.())
      else return false
      return true
    },
  }
}

/** Requests over Socket.IO: whatever comes in, there is one answer and no crash. */
import { Refusal } from './refusal.mjs'

/** @import { Socket } from 'socket.io' */
/** @typedef {(payload: unknown) => object | void} Handler throws a {@link Refusal} when it will not */
/** @typedef {{ ok: true } | { ok: false, error: string }} Answer */

/**
 * @param {Socket} socket
 * @param {Record<string, Handler>} handlers by event
 */
export function answerRequests(socket, handlers) {
  for (const [event, handler] of Object.entries(handlers)) {
    socket.on(event, (...args) => {
      const ack = args.at(-1)
      const answer = answerTo(handler, typeof args[0] === 'function' ? undefined : args[0])
      if (typeof ack === 'function') ack(answer)
    })
  }
}

/**
 * @param {Handler} handler
 * @param {unknown} payload
 * @returns {Answer}
 */
function answerTo(handler, payload) {
  try {
    return { ok: true, ...handler(payload) }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, error: error.message }
    console.error(error)
    return { ok: false, error: 'something went wrong in the house' }
  }
}

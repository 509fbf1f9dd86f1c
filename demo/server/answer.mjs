/** Requests: whatever comes in, there is one answer and no crash. */
import { Refusal } from './refusal.mjs'

/** @import { Socket } from 'socket.io' */
/**
 * @typedef {(event: string, payload: unknown, meta: unknown) => object | void} Handler throws a {@link Refusal} when it
 *   will not. `meta` is what Partyline sends behind a stored message's payload: its idempotency key.
 */
/** @typedef {{ ok: true } | { ok: false, error: string }} Answer */

/**
 * Over Socket.IO.
 * @param {Socket} socket
 * @param {Handler} handle
 */
export function answerRequests(socket, handle) {
  socket.onAny((event, ...args) => {
    const [payload, meta] = args.filter(arg => typeof arg !== 'function')
    const answer = answerTo(() => handle(event, payload, meta))
    const acknowledge = args.at(-1)
    if (typeof acknowledge === 'function') acknowledge(answer)
  })
}

/**
 * @param {() => object | void} handle
 * @returns {Answer}
 */
export function answerTo(handle) {
  try {
    return { ok: true, ...handle() }
  } catch (error) {
    if (error instanceof Refusal) return { ok: false, error: error.message }
    console.error(error)
    return { ok: false, error: 'something went wrong in the house' }
  }
}

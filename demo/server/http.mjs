/** JSON over HTTP, in and out. */
import { Refusal } from './refusal.mjs'

/** @import { IncomingMessage, ServerResponse } from 'node:http' */

/** A batch of messages is larger than a single one over Socket.IO. */
const MAX_BODY_BYTES = 1024 * 1024

/**
 * @param {ServerResponse} response
 * @param {unknown} body
 * @param {{ status?: number, cacheControl?: string }} [options]
 */
export function sendJson(response, body, { status = 200, cacheControl = 'no-cache' } = {}) {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': cacheControl })
  response.end(JSON.stringify(body))
}

/**
 * @param {IncomingMessage} request
 * @returns {Promise<unknown>}
 */
export async function readJson(request) {
  const text = await readText(request)
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal('JSON was expected')
  }
}

/**
 * The fields of a form.
 * @param {IncomingMessage} request
 * @returns {Promise<unknown>}
 */
export async function readForm(request) {
  return Object.fromEntries(new URLSearchParams(await readText(request)))
}

/** @param {IncomingMessage} request */
async function readText(request) {
  /** @type {Buffer[]} */
  const chunks = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > MAX_BODY_BYTES) throw new Refusal(`a request may have at most ${MAX_BODY_BYTES} bytes`, 413)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

/**
 * Answers with what `handle` makes of the request's body.
 * @param {IncomingMessage} request
 * @param {ServerResponse} response
 * @param {(body: unknown) => unknown} handle throws a {@link Refusal} when it will not
 * @param {(request: IncomingMessage) => Promise<unknown>} [read] default: JSON
 */
export async function answerPost(request, response, handle, read = readJson) {
  try {
    sendJson(response, await handle(await read(request)))
  } catch (error) {
    if (error instanceof Refusal) return sendJson(response, { error: error.message }, { status: error.status })
    // The visitor is gone.
    if (response.destroyed) return
    console.error(error)
    sendJson(response, { error: 'something went wrong in the house' }, { status: 500 })
  }
}

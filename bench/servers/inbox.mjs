import { forkServer } from './fork-server.mjs'

/**
 * What came since the last `hold`.
 * @typedef {object} InboxFigures
 * @property {number} unique messages
 * @property {number} requests that carried them
 * @property {number} duplicates messages that it had already
 * @property {number} misordered first seen after a later one of their lane
 * @property {number} firstAt on the common clock
 * @property {number} lastAt
 * @property {number} cpuMs of the server
 */

/** Starts the Socket.IO server of inbox.child.mjs in a process of its own. */
export async function startInbox() {
  const { call, close } = forkServer('inbox.child.mjs')
  const port = await call('listen')
  return {
    url: `http://127.0.0.1:${port}`,
    /** Forgets what came, and lets nobody in. @returns {Promise<void>} */
    hold: () => call('hold'),
    /** @returns {Promise<void>} */
    letIn: () => call('letIn'),
    /** @returns {Promise<InboxFigures>} */
    figures: () => call('figures'),
    close,
  }
}

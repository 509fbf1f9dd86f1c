/** A Socket.IO server that takes in messages: acknowledges each, and knows those again that it had before. */
import { createServer } from 'node:http'
import { Server } from 'socket.io'
import { clock } from '../lib/load.mjs'
import { obey } from './obey.mjs'

/** @typedef {{ event: string, payload: { n: number }, idempotencyKey: string }} Message */

const http = createServer()
const io = new Server(http, { cors: { origin: true } })
const fresh = () => ({
  /** @type {Set<string>} */
  keys: new Set(),
  /** The last message of each lane. @type {Map<string, number>} */
  lastOf: new Map(),
  requests: 0,
  duplicates: 0,
  misordered: 0,
  firstAt: NaN,
  lastAt: NaN,
  cpuMsAtStart: cpuMs(),
})
let inbox = fresh()
let letIn = () => {}
let open = Promise.resolve()

io.use((_, next) => void admit(next))
io.on('connection', socket => {
  socket.on('batch', (/** @type {readonly Message[]} */ messages, answer) => {
    inbox.requests++
    answer(messages.map(take))
  })
  socket.onAny((event, ...args) => {
    if (event === 'batch') return
    const [payload, { idempotencyKey }, answer] = args
    inbox.requests++
    answer(take({ event, payload, idempotencyKey }))
  })
})

/** @param {() => void} next */
async function admit(next) {
  await open
  next()
}

/** @param {Message} message */
function take({ event, payload: { n }, idempotencyKey }) {
  inbox.lastAt = clock()
  if (inbox.keys.size === 0) inbox.firstAt = inbox.lastAt
  if (inbox.keys.has(idempotencyKey)) inbox.duplicates++
  else {
    inbox.keys.add(idempotencyKey)
    if (n < (inbox.lastOf.get(event) ?? -1)) inbox.misordered++
    inbox.lastOf.set(event, n)
  }
  return { ok: true }
}

function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

obey({
  /** @returns {Promise<number>} the port */
  listen: () =>
    new Promise(resolve => {
      http.listen(0, '127.0.0.1', () => resolve(/** @type {import('node:net').AddressInfo} */ (http.address()).port))
    }),
  /** Forgets what came, and lets nobody in until {@link letIn}. */
  hold() {
    inbox = fresh()
    open = new Promise(resolve => {
      letIn = resolve
    })
  },
  letIn: () => letIn(),
  figures() {
    const { keys, requests, duplicates, misordered, firstAt, lastAt, cpuMsAtStart } = inbox
    return { unique: keys.size, requests, duplicates, misordered, firstAt, lastAt, cpuMs: cpuMs() - cpuMsAtStart }
  },
})

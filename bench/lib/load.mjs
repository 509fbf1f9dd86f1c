/**
 * What a benchmark sends, made the same way for every contender: in a worker, by the benchmark transport and its
 * rivals, and in Node, by the Socket.IO server.
 *
 * @typedef {{ kind: 'burst', count: number, bytes: number }} Burst all at once
 * @typedef {{ kind: 'paced', rate: number, seconds: number, bytes: number }} Paced so many a second
 * @typedef {(Burst | Paced) & { run: number }} Load
 *
 * @typedef {object} BenchEvent
 * @property {number} run which run it belongs to
 * @property {number} n 0, 1, 2 … within the run
 * @property {number} at when it was handed over, by {@link clock}
 * @property {number} due when it was to be handed over: later than `at` by as much as the sender is behind
 * @property {boolean} last nothing follows it in this run
 *
 * @typedef {object} Sender
 * @property {(event: BenchEvent) => void} deliver
 * @property {() => void} [flush] the events of this moment have all been delivered
 * @property {(ms: number) => Promise<void>} sleep
 */

/** Milliseconds since 1970, comparable between the processes of one machine to about 0.1 ms. */
export const clock = () => performance.timeOrigin + performance.now()

/** How many events a load is when nothing stops it. */
export const countOf = (/** @type {Load | Burst | Paced} */ load) =>
  load.kind === 'burst' ? load.count : load.rate * load.seconds

const slotMs = 1
const settleMs = 100
/** A sender this far behind its own schedule gives up: the contender cannot keep up. */
const hopelessMs = 1_000

/**
 * Sends one load. A paced one in slots of 1 ms: what is due in a slot is handed over together, as a socket does with
 * messages that arrived together.
 * @param {Load} load
 * @param {Sender} sender
 * @param {{ readonly stopped: boolean }} [control] ends a paced load early when it says so
 */
export async function runLoad(load, sender, control = { stopped: false }) {
  await (load.kind === 'burst' ? sendBurst(load, sender) : sendPaced(load, sender, control))
}

/**
 * The events are there before the clock starts: making them is not what is measured.
 * @param {Burst & { run: number }} load
 * @param {Sender} sender
 */
async function sendBurst({ run, count, bytes }, { deliver, flush, sleep }) {
  const events = Array.from({ length: count }, (_, n) => makeEvent(run, n, bytes, n === count - 1))
  await sleep(settleMs)
  const at = clock()
  for (const event of events) {
    event.at = at
    event.due = at
    deliver(event)
  }
  flush?.()
}

/**
 * @param {Paced & { run: number }} load
 * @param {Sender} sender
 * @param {{ readonly stopped: boolean }} control
 */
async function sendPaced(load, { deliver, flush, sleep }, control) {
  const { run, rate, bytes } = load
  const count = countOf(load)
  await sleep(settleMs)
  const start = clock()
  /** @param {number} n */
  const dueOf = n => start + Math.floor((n * 1000) / rate / slotMs) * slotMs
  for (let n = 0; n < count;) {
    await sleep(Math.max(0, dueOf(n) - clock()))
    const at = clock()
    const isLast = control.stopped || at - dueOf(n) > hopelessMs
    while (n < count && dueOf(n) <= at) {
      const event = makeEvent(run, n, bytes, isLast || n === count - 1)
      event.at = at
      event.due = dueOf(n)
      deliver(event)
      n++
      if (isLast) break
    }
    flush?.()
    if (isLast) return
  }
}

const parts = {
  tables: ['Terrace 4', 'Window 12', 'Bar 3', 'Garden 7'],
  states: ['accepted', 'cooking', 'ready', 'served'],
  dishes: ['Margherita', 'Risotto', 'Tiramisu', 'Gnocchi', 'Espresso', 'Panna cotta'],
}

/** About what one of an order's items takes. */
const itemBytes = 60

/**
 * A new object each time, parsed from text as a transport's would be, and as long in JSON as asked.
 * @param {number} run
 * @param {number} n
 * @param {number} bytes
 * @param {boolean} last
 * @returns {BenchEvent}
 */
export function makeEvent(run, n, bytes, last) {
  const order = {
    run,
    n,
    at: 1_790_000_000_000.125,
    due: 1_790_000_000_000.125,
    last,
    id: `ord_${String(n).padStart(8, '0')}`,
    table: pick(parts.tables, n),
    status: pick(parts.states, n),
    guests: 1 + (n % 8),
    total: 1250 + (n % 977),
    items: [makeItem(n)],
    note: '',
  }
  let left = Math.max(0, bytes - JSON.stringify(order).length)
  while (left > 2 * itemBytes) {
    const item = makeItem(n + order.items.length)
    order.items.push(item)
    left -= JSON.stringify(item).length + 1
  }
  order.note = 'without onions, please. '.repeat(Math.ceil(left / 24)).slice(0, left)
  return JSON.parse(JSON.stringify(order))
}

/** @param {number} n */
function makeItem(n) {
  return { sku: 1000 + (n % 89), name: pick(parts.dishes, n), quantity: 1 + (n % 3), price: 350 + (n % 211) }
}

/**
 * @template T
 * @param {readonly T[]} from
 * @param {number} n
 * @returns {T}
 */
const pick = (from, n) => /** @type {T} */ (from[n % from.length])

/**
 * Wrong usages that the compiler must refuse, each under a directive, and right ones beside them. Nothing here
 * runs: the compiler complains about a directive that it did not need.
 */
import { expectTypeOf } from 'vitest'
import { connect, type Channel, type Line, type WithReply } from '../../src/client/index.ts'

interface Order {
  readonly id: number
  readonly table: number
}

interface AppEvents {
  readonly orders: {
    readonly created: Order
    readonly cleared: undefined
    readonly noted: string | undefined
    readonly place: WithReply<{ readonly table: number }, { readonly id: number }>
    readonly count: WithReply<undefined, number>
  }
  readonly [room: `room:${string}`]: { readonly message: { readonly text: string } }
}

declare const line: Line<AppEvents>
declare const signal: AbortSignal
const orders = line.channel('orders')

// ── channels ────────────────────────────────────────────────────────────────────────────────────

const lobby = line.channel('room:lobby')
expectTypeOf(lobby).toEqualTypeOf<Channel<{ readonly message: { readonly text: string } }>>()

// @ts-expect-error no such channel
line.channel('ordres')

// @ts-expect-error it does not fit the pattern
line.channel('room-lobby')

// @ts-expect-error a name is text
line.channel(7)

// ── listening ───────────────────────────────────────────────────────────────────────────────────

orders.on('created', (order, meta) => {
  expectTypeOf(order).toEqualTypeOf<Order>()
  expectTypeOf(meta.channel).toEqualTypeOf<string>()
})
orders.on('place', payload => {
  expectTypeOf(payload).toEqualTypeOf<{ readonly table: number }>()
})
lobby.on('message', ({ text }) => text.length, { signal })
orders.onAny(payload => {
  expectTypeOf(payload).toEqualTypeOf<unknown>()
})
const stop = orders.on('cleared', () => {})
expectTypeOf(stop).toEqualTypeOf<() => void>()
const next = orders.once('created')
expectTypeOf(next).toEqualTypeOf<Promise<Order>>()

// @ts-expect-error no such event
orders.on('craeted', () => {})

// @ts-expect-error no such event in a room
lobby.on('created', () => {})

// @ts-expect-error the payload has no such field
orders.on('created', order => order.tabel)

// @ts-expect-error the payload has another type
orders.on('created', (order: { readonly id: string }) => order)

// @ts-expect-error no such event
void orders.once('craeted')

// @ts-expect-error a signal, not a controller
orders.on('created', () => {}, { signal: new AbortController() })

// @ts-expect-error no such option
orders.on('created', () => {}, { once: true })

// ── publishing ──────────────────────────────────────────────────────────────────────────────────

void orders.publish('created', { id: 1, table: 4 })
void orders.publish('created', { id: 1, table: 4 }, { signal, timeoutMs: 500 })
void orders.publish('cleared')
void orders.publish('cleared', undefined, { timeoutMs: 500 })
void orders.publish('noted')
void orders.publish('noted', 'a note')
void orders.publish('place', { table: 4 })

// @ts-expect-error no such event
void orders.publish('craeted', { id: 1, table: 4 })

// @ts-expect-error a field is missing
void orders.publish('created', { id: 1 })

// @ts-expect-error a field has the wrong type
void orders.publish('created', { id: 1, table: 'four' })

// @ts-expect-error a field too many
void orders.publish('created', { id: 1, table: 4, dish: 'soup' })

// @ts-expect-error the payload is missing
void orders.publish('created')

// @ts-expect-error this event has no payload
void orders.publish('cleared', 5)

// @ts-expect-error the payload of a request goes in bare
void orders.publish('place', { '~payload': { table: 4 } })

// @ts-expect-error no such option
void orders.publish('created', { id: 1, table: 4 }, { timeout: 500 })

// @ts-expect-error the room's event has another payload
void lobby.publish('message', 'hello')

// ── requests ────────────────────────────────────────────────────────────────────────────────────

const placed = orders.request('place', { table: 4 })
expectTypeOf(placed).toEqualTypeOf<Promise<{ readonly id: number }>>()
const count = orders.request('count')
expectTypeOf(count).toEqualTypeOf<Promise<number>>()
const unknownReply = orders.request('created', { id: 1, table: 4 })
expectTypeOf(unknownReply).toEqualTypeOf<Promise<unknown>>()

// @ts-expect-error the payload is missing
void orders.request('place')

// @ts-expect-error the payload has the wrong type
void orders.request('place', { table: 'four' })

// @ts-expect-error the reply has no such field
void orders.request('place', { table: 4 }).then(reply => reply.table)

// ── the line ────────────────────────────────────────────────────────────────────────────────────

line.on('status', ({ status, previous }) => {
  expectTypeOf(status).toEqualTypeOf(previous)
})

// @ts-expect-error a line has no such event
line.on('open', () => {})

// @ts-expect-error no such status
if (line.status === 'connected') line.close()

// @ts-expect-error the status cannot be set
line.status = 'open'

// ── connect ─────────────────────────────────────────────────────────────────────────────────────

const worker = (options: { readonly name: string }): SharedWorker => new SharedWorker('worker.js', options)
const typed = connect<AppEvents>({ worker, scope: 'ann', credentials: () => ({ token: 't', expiresAt: 5 }) })
expectTypeOf(typed).toEqualTypeOf<Line<AppEvents>>()

// @ts-expect-error the scope is missing
connect({ worker })

// @ts-expect-error the worker is missing
connect({ scope: 'ann' })

// @ts-expect-error a worker that is open already cannot be opened under the given name
connect({ scope: 'ann', worker: new SharedWorker('worker.js') })

// @ts-expect-error not a worker
connect({ scope: 'ann', worker: () => new Worker('worker.js') })

// @ts-expect-error no such option
connect({ worker, scope: 'ann', generation: 2 })

// @ts-expect-error the time of expiry is a number
connect({ worker, scope: 'ann', credentials: () => ({ token: 't', expiresAt: new Date() }) })

// ── without an event map ────────────────────────────────────────────────────────────────────────

const open = connect({ worker, scope: 'ann' })
open.channel('anything').on('whatever', payload => {
  expectTypeOf(payload).toEqualTypeOf<unknown>()
})
void open.channel('anything').publish('whatever')
void open.channel('anything').publish('whatever', { at: 'all' })

// @ts-expect-error what comes is unknown until it was looked at
open.channel('anything').on('whatever', payload => payload.field)

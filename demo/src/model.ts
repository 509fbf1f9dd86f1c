/** What the demo is about, for the page and (as JSDoc types) for its server. */
export const STATIONS = ['grill', 'cold', 'pastry', 'bar'] as const
export const STATES = ['placed', 'cooking', 'ready', 'served'] as const
export type Station = (typeof STATIONS)[number]
export type OrderState = (typeof STATES)[number]
export type TicketState = 'waiting' | 'cooking' | 'ready'

export interface Dish {
  readonly id: string
  readonly name: string
  readonly station: Station
}

export interface Item {
  readonly dish: string
  readonly count: number
}

/** What one station has to make for one order. */
export interface Ticket {
  readonly station: Station
  readonly state: TicketState
  /** 0 to 1. */
  readonly progress: number
  readonly items: readonly Item[]
}

export interface Order {
  readonly id: number
  /** From one counter for the whole house: a later change, of whichever order, has a higher one. */
  readonly version: number
  readonly table: number
  readonly placedBy: string
  /** Idempotency key of the message that brought it, where a visitor has sent one. */
  readonly key?: string | undefined
  readonly note: string
  readonly state: OrderState
  readonly tickets: readonly Ticket[]
  readonly placedAt: number
  /** When the server made this version, in milliseconds since 1970. */
  readonly at: number
}

export interface NewOrder {
  readonly table: number
  /** By dish id. */
  readonly items: readonly Item[]
  readonly note: string
}

export interface Bump {
  readonly id: number
  readonly station: Station
  /** The state that the cook saw: refused when somebody else was quicker. */
  readonly from: TicketState
}

export interface OrdersSnapshot {
  /** Random for each start of the server: versions compare only within one service. */
  readonly service: string
  readonly version: number
  readonly orders: readonly Order[]
}

export interface Menu {
  readonly menu: readonly Dish[]
}

export interface Member {
  readonly name: string
  /** `undefined` where that is not known. */
  readonly connections: number | undefined
  readonly staff: boolean
}

export interface Members {
  readonly members: readonly Member[]
  readonly at: number
}

export interface Typing {
  readonly names: readonly string[]
  readonly at: number
}

export interface Message {
  readonly id: number
  readonly from: string
  readonly text: string
  /** Idempotency key of the message that brought it, where a visitor has sent one. */
  readonly key?: string | undefined
  readonly at: number
}

export interface Saying {
  readonly text: string
}

/** How many events a second the house is to make. */
export interface Pace {
  readonly perSecond: number
}

export interface FloorSnapshot {
  readonly service: string
  readonly members: readonly Member[]
  readonly typing: readonly string[]
  readonly messages: readonly Message[]
  readonly at: number
}

export interface Counts {
  /** Every connection that the server has, of all browsers. */
  readonly connections: number
  readonly eventsPerSecond: number
  /** What the order generator is set to. */
  readonly pacePerSecond: number
  readonly at: number
}

/** What goes over the demo's line: channels, their events, and what the server answers. */
import type { WithReply } from 'partyline'
import type { Bump, Counts, Members, Message, NewOrder, Order, Pace, Saying, Typing } from './model.ts'

export interface AppEvents {
  orders: {
    created: Order
    changed: Order
    place: NewOrder
    bump: WithReply<Bump, { readonly order: Order }>
    serve: WithReply<{ readonly id: number }, { readonly order: Order }>
  }
  floor: {
    members: Members
    typing: Typing
    message: Message
    say: Saying
    'is-typing': { readonly typing: boolean }
  }
  house: {
    counts: Counts
    pace: Pace
  }
}

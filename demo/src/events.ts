/** What goes over the demo's line: channels, their events, and what the server answers. */
import type { WithReply } from 'partyline'
import type { Bump, Counts, FloorSnapshot, Members, Message, NewOrder, Order, OrdersSnapshot, Typing } from './model.ts'

export interface AppEvents {
  orders: {
    created: Order
    changed: Order
    snapshot: WithReply<undefined, OrdersSnapshot>
    place: WithReply<NewOrder, { readonly order: Order }>
    bump: WithReply<Bump, { readonly order: Order }>
    serve: WithReply<{ readonly id: number }, { readonly order: Order }>
  }
  floor: {
    members: Members
    typing: Typing
    message: Message
    snapshot: WithReply<undefined, FloorSnapshot>
    enter: WithReply<{ readonly name: string }, unknown>
    say: WithReply<{ readonly text: string }, { readonly message: Message }>
    'is-typing': { readonly typing: boolean }
  }
  house: {
    counts: Counts
    pace: WithReply<{ readonly perSecond: number }, unknown>
    /** The server cuts every connection it has, as a failing network would. */
    unplug: WithReply<undefined, unknown>
  }
}

/** The transports on which the demo runs, and what the page has to know of them. */
export const TRANSPORTS = {
  'socket-io': { label: 'Socket.IO', presence: 'none' },
  pusher: { label: 'Pusher', presence: 'members' },
  supabase: { label: 'Supabase', presence: 'own' },
  websocket: { label: 'WebSocket', presence: 'own' },
} as const satisfies { readonly [name: string]: Transport }

export type TransportName = keyof typeof TRANSPORTS

export interface Transport {
  readonly label: string
  /** Who is on the floor is told by the house; as members by the transport; or each tab tells it of itself. */
  readonly presence: 'none' | 'members' | 'own'
}

import { toChannelId, type Transport, type UpstreamEvent } from 'partyline/worker'
import { supabase } from 'partyline/worker/supabase'
import { wired } from './wired.ts'
import { writingOverHttp } from './writing-over-http.ts'

/** The project's public key. Filled in where the page is built: demo/server/page.mjs. */
declare const LINE_KEY: string

/** Of which rows of a channel's table become which event. */
const ROW_EVENTS: { readonly [rows: string]: string } = {
  'orders INSERT': 'created',
  'orders UPDATE': 'changed',
  'floor INSERT': 'message',
}

/** Orders and messages are rows that the house alone writes, so what is written goes there over HTTP. */
export function transportFor(name: string): Transport {
  const { origin } = self.location
  const channels = {
    orders: toChannelId({ name: 'orders', params: { changes: [{ table: 'orders' }], presence: false } }),
    floor: toChannelId({ name: 'floor', params: { changes: [{ table: 'messages' }] } }),
    house: toChannelId({ name: 'house', params: { presence: false } }),
  }
  const transport = supabase({ url: origin, key: LINE_KEY })
  return writingOverHttp(wired(transport, { channels, toEvent }), { url: `${origin}/api/messages`, name })
}

/** A row's columns are the fields of what it is about. */
function toEvent(event: UpstreamEvent): UpstreamEvent {
  const name = ROW_EVENTS[`${event.channel} ${event.event}`]
  if (name === undefined) return event
  return { ...event, event: name, payload: (event.payload as { readonly new: unknown }).new }
}

import { UpstreamError, type Codec } from '../../../src/worker/transports/websocket.ts'

/** For a server that says `{ op: 'message', room, kind, body }`, and answers a message by its id, a join by the room. */
export const chatCodec: Codec = {
  offers: { acknowledgement: true },
  hello: ({ credentials }) => JSON.stringify({ op: 'hello', token: credentials?.['token'] }),
  join: ({ channel }) => JSON.stringify({ op: 'enter', room: channel }),
  leave: ({ channel }) => JSON.stringify({ op: 'exit', room: channel }),
  encode: ({ id, channel, event, payload }) =>
    JSON.stringify({ op: 'send', id, room: channel, kind: event, body: payload }),
  ping: () => '{"op":"ping"}',
  decode(data) {
    const { op, id, room, kind, body, why } = JSON.parse(data as string) as { readonly [field: string]: string }
    switch (op) {
      case 'welcome':
      case 'pong':
        return { type: op }
      case 'entered':
        return { type: 'joined', channel: String(room) }
      case 'denied':
        return { type: 'refused', channel: String(room), error: new UpstreamError('refused', String(why)) }
      case 'sent':
        return { type: 'ack', id: Number(id) }
      case 'message':
        return { type: 'event', channel: String(room), event: String(kind), payload: body }
      default:
        return { type: 'malformed', kind: 'unknown-op', detail: String(op) }
    }
  },
}

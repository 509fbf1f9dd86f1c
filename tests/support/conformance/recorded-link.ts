import type { Continuity, PresenceChange } from '../../../src/protocol/index.ts'
import { changed, NOBODY } from '../../../src/worker/routing/members.ts'
import {
  UpstreamError,
  type OpenRequest,
  type TransportLink,
  type UpstreamEvent,
} from '../../../src/worker/upstream/transport.ts'
import { waitFor } from '../line/wait-for.ts'
import type { SubjectServer } from './subject.ts'

/** What a transport told, in order. */
export type Told =
  | { readonly type: 'event'; readonly event: UpstreamEvent }
  | { readonly type: 'continuity'; readonly channel: string; readonly continuity: Continuity }
  | { readonly type: 'channel-lost'; readonly channel: string; readonly error: UpstreamError }
  | { readonly type: 'lost'; readonly error: UpstreamError }
  | { readonly type: 'presence'; readonly channel: string; readonly change: PresenceChange }
  | { readonly type: 'degraded'; readonly is: boolean }
  | { readonly type: 'malformed'; readonly kind: string }

/** A transport's link, without a broker above it. */
export interface RecordedLink {
  readonly link: TransportLink
  readonly told: readonly Told[]
  /** Opens with credentials that the server gives for it, if it wants any. */
  open(request?: Partial<OpenRequest>): Promise<void>
  join(channel: string): Promise<unknown>
  /** Those of a channel. */
  events(channel: string): readonly UpstreamEvent[]
  payloads(channel: string): readonly unknown[]
  ofType<Type extends Told['type']>(type: Type): readonly Extract<Told, { type: Type }>[]
  /** By id, the states of those who are in the channel now. */
  members(channel: string): ReadonlyMap<string, readonly unknown[]>
  /** Resolves with the error when the connection is lost. */
  lost(withinMs?: number): Promise<UpstreamError>
}

export function recordLink(server: Pick<SubjectServer, 'transport' | 'credentials' | 'authorise'>): RecordedLink {
  const told: Told[] = []
  const note = (one: Told): void => void told.push(one)
  const link = server.transport().create({
    event: event => note({ type: 'event', event }),
    continuity: (channel, continuity) => note({ type: 'continuity', channel, continuity }),
    channelLost: (channel, error) => note({ type: 'channel-lost', channel, error }),
    lost: error => note({ type: 'lost', error }),
    presence: (channel, change) => note({ type: 'presence', channel, change }),
    degraded: is => note({ type: 'degraded', is }),
    malformed: kind => note({ type: 'malformed', kind }),
    async authorise(request) {
      if (server.authorise === undefined) throw new UpstreamError('no-credentials', 'nobody gives any here')
      return server.authorise(request)
    },
  })
  const ofType = <Type extends Told['type']>(type: Type): Extract<Told, { type: Type }>[] =>
    told.filter((one): one is Extract<Told, { type: Type }> => one.type === type)
  const events = (channel: string): UpstreamEvent[] =>
    ofType('event').flatMap(({ event }) => (event.channel === channel ? [event] : []))

  return {
    link,
    told,
    ofType,
    events,
    open: request => link.open({ credentials: server.credentials(), signal: new AbortController().signal, ...request }),
    join: channel => link.join(channel, new AbortController().signal),
    payloads: channel => events(channel).map(({ payload }) => payload),
    members(channel) {
      const members = ofType('presence')
        .filter(one => one.channel === channel)
        .reduce((known, { change }) => changed(known, change), NOBODY)
      return new Map(Array.from(members.values(), ({ id, states }) => [id, states]))
    },
    lost: withinMs => waitFor(() => ofType('lost').at(-1)?.error, 'the loss of the connection', withinMs),
  }
}

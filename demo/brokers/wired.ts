import type { Transport, TransportLink, TransportSink, UpstreamEvent } from 'partyline/worker'

export interface Wiring {
  /** What the app's channels are called at the server: names, or ids with parameters. */
  readonly channels: { readonly [channel: string]: string }
  /** What an event of the server's is in the app; its channel is the app's already. @default itself */
  readonly toEvent?: (event: UpstreamEvent) => UpstreamEvent
}

/** Lets an app use its own names of channels and events, whatever its server's are. */
export function wired(transport: Transport, { channels, toEvent = event => event }: Wiring): Transport {
  const names = new Map(Object.entries(channels).map(([app, server]) => [server, app]))
  const toServer = (channel: string): string => channels[channel] ?? channel
  const toApp = (channel: string): string => names.get(channel) ?? channel
  return {
    ...transport,
    create: sink => renamedLink(transport.create(renamedSink(sink, toApp, toEvent)), toServer),
  }
}

function renamedSink(
  sink: TransportSink,
  toApp: (channel: string) => string,
  toEvent: (event: UpstreamEvent) => UpstreamEvent,
): TransportSink {
  return {
    event: event => sink.event(toEvent({ ...event, channel: toApp(event.channel) })),
    continuity: (channel, continuity) => sink.continuity(toApp(channel), continuity),
    channelLost: (channel, error) => sink.channelLost(toApp(channel), error),
    presence: (channel, change) => sink.presence(toApp(channel), change),
    lost: error => sink.lost(error),
    degraded: isDegraded => sink.degraded(isDegraded),
    malformed: (kind, detail) => sink.malformed(kind, detail),
    authorise: request => sink.authorise(request),
  }
}

function renamedLink(link: TransportLink, toServer: (channel: string) => string): TransportLink {
  const { track } = link
  return {
    open: request => link.open(request),
    join: (channel, signal) => link.join(toServer(channel), signal),
    leave: channel => link.leave(toServer(channel)),
    publish: (message, signal) => link.publish({ ...message, channel: toServer(message.channel) }, signal),
    ...(track && { track: (channel, tab, state) => track.call(link, toServer(channel), tab, state) }),
    untrack: (channel, tab) => link.untrack?.(toServer(channel), tab),
    renew: credentials => link.renew?.(credentials),
    close: () => link.close(),
  }
}

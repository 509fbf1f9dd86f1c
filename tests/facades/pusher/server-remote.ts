import { waitFor } from '../../support/line/wait-for.ts'
import { openPusherClient, type PusherClient } from '../../support/servers/pusher/pusher-client.ts'
import type { PusherServer } from '../../support/servers/pusher/pusher-server.ts'

/** What behaviours can ask of their server, and of other browsers at it, from within a page. */
export interface Remote {
  /** As the app's server does, but for one connection. */
  trigger(channel: string, event: string, data: unknown, exceptSocketId?: string): Promise<void>
  sendToUser(user: string, event: string, data: unknown): Promise<void>
  sendRaw(text: string): Promise<void>
  closeAll(code: number, reason?: string): Promise<void>
  cut(): Promise<void>
  refuse(code?: number): Promise<void>
  refuseChannel(channel: string): Promise<void>
  refuseUser(user: string): Promise<void>
  demandToken(token: string): Promise<void>
  /** `[channel, user, status]` of what was asked at the auth endpoints. */
  asked(): Promise<unknown>
  clientEvents(): Promise<unknown>
  subscriptions(): Promise<readonly string[]>
  unsubscriptions(): Promise<readonly string[]>
  connections(): Promise<number>
  /** Another browser, on which this user joins a channel. */
  join(user: string, channel: string): Promise<void>
  leave(user: string, channel: string): Promise<void>
  signIn(user: string): Promise<void>
  /** The next event of this name that the other browser hears: `[data, metadata]`. */
  heardBy(user: string, channel: string, event: string): Promise<unknown>
  whisper(user: string, channel: string, event: string, data: unknown): Promise<boolean>
}

/** @returns what to call when the page is done */
export function serveRemote(server: PusherServer): { remote: Remote; end: () => void } {
  const clients = new Map<string, PusherClient>()
  const heard: { user: string; channel: string; event: string; args: unknown[] }[] = []

  function client(user: string): PusherClient {
    const known = clients.get(user)
    if (known !== undefined) return known
    const opened = openPusherClient(server, { user })
    clients.set(user, opened)
    return opened
  }

  const remote: Remote = {
    async trigger(channel, event, data, exceptSocketId) {
      await server.sdk.trigger(channel, event, data, exceptSocketId === undefined ? {} : { socket_id: exceptSocketId })
    },
    async sendToUser(user, event, data) {
      await server.sdk.sendToUser(user, event, data)
    },
    sendRaw: async text => server.sendRaw(text),
    closeAll: async (code, reason) => server.closeAll(code, reason),
    cut: () => server.cut(),
    refuse: async code => server.refuse(code),
    refuseChannel: async channel => server.auth.refuseChannel(channel),
    refuseUser: async user => server.auth.refuseUser(user),
    demandToken: async token => server.auth.demandToken(token),
    asked: async () => server.auth.log.map(({ channel = null, user, status }) => [channel, user, status]),
    clientEvents: async () => server.clientEvents,
    subscriptions: async () => server.subscriptions,
    unsubscriptions: async () => server.unsubscriptions,
    connections: async () => server.connections(),
    async join(user, channel) {
      const joined = client(user).subscribe(channel)
      joined.bind_global((event: string, ...args: unknown[]) => heard.push({ user, channel, event, args }))
      await waitFor(() => joined.subscribed, `${user} on ${channel}`)
    },
    async leave(user, channel) {
      const before = server.subscriptionCount(channel)
      client(user).unsubscribe(channel)
      await waitFor(() => server.subscriptionCount(channel) < before, `${user} off ${channel}`)
    },
    async signIn(user) {
      client(user).signin()
      await waitFor(() => server.signins.includes(user), `${user} signed in`)
    },
    heardBy: async (user, channel, event) => {
      const found = await waitFor(
        () => heard.find(one => one.user === user && one.channel === channel && one.event === event),
        `${event} for ${user}`,
      )
      return found.args
    },
    whisper: async (user, channel, event, data) => client(user).channel(channel).trigger(event, data),
  }
  return {
    remote,
    end() {
      for (const opened of clients.values()) opened.disconnect()
    },
  }
}

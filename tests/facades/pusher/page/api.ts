import type { Channel, Options } from 'pusher-js'
import type { Remote } from '../server-remote.ts'
import type { Pusher, PusherClass } from './offer.ts'

declare global {
  interface Window {
    /** The test's server, and other browsers at it. */
    askServer(what: string, args: readonly unknown[]): Promise<unknown>
  }
}

/** What can be bound to, in whatever way it is called. */
interface Bindable {
  bind(event: string, callback: (...args: unknown[]) => void): unknown
  unbind(event: string, callback: (...args: unknown[]) => void): unknown
}

export interface Api {
  readonly Pusher: PusherClass
  readonly server: Remote
  readonly url: string
  /** Options for the test's server, and those of its own. */
  options(own?: Partial<Options>): Options
  /** A new instance. */
  open(own?: Partial<Options>): Pusher
  /** A new instance that is connected. */
  connected(own?: Partial<Options>): Promise<Pusher>
  /** A channel that is subscribed. */
  subscribed(pusher: Pusher, name: string): Promise<Channel>
  /** Writes down what is to be the same. */
  note(...what: unknown[]): void
  /** Writes down every one of these events, with its arguments. */
  hear(target: Bindable, ...events: string[]): void
  /** Writes down what is called, and what it throws. */
  attempt(what: string, call: () => unknown): void
  /** The arguments of the next such event. */
  next(target: Bindable, event: string): Promise<unknown[]>
  /** Waits until all that the server has sent so far has been handled, by an event behind it. */
  settled(channel: Channel): Promise<void>
  until(probe: () => unknown): Promise<void>
  seen(): unknown
  end(): void
}

export function createApi(Class: PusherClass, name: string, port: number): Api {
  const url = `http://127.0.0.1:${port}`
  const notes: unknown[] = []
  const opened: Pusher[] = []
  const sockets = new Set<string>()
  let fences = 0

  const server = new Proxy({} as Remote, {
    get:
      (_, what) =>
      (...args: unknown[]) =>
        window.askServer(String(what), args),
  })

  const endpoint = (path: string) => ({
    endpoint: `${url}/pusher/${path}`,
    transport: 'ajax' as const,
    params: { user_id: 'ann' },
  })

  const api: Api = {
    Pusher: Class,
    server,
    url,
    options: own => ({
      cluster: '',
      wsHost: '127.0.0.1',
      wsPort: port,
      forceTLS: false,
      enabledTransports: ['ws'],
      channelAuthorization: endpoint('auth'),
      userAuthentication: endpoint('user-auth'),
      // For the face alone; the original does not mind.
      ...{ scope: `${name.slice(0, 180)}@${port}` },
      ...own,
    }),
    open(own) {
      const pusher = new Class('key', api.options(own))
      opened.push(pusher)
      pusher.connection.bind('connected', ({ socket_id: id }: { socket_id: string }) => sockets.add(id))
      return pusher
    },
    async connected(own) {
      const pusher = api.open(own)
      await api.next(pusher.connection, 'connected')
      return pusher
    },
    async subscribed(pusher, channelName) {
      const channel = pusher.subscribe(channelName)
      await api.next(channel, 'pusher:subscription_succeeded')
      return channel
    },
    note: (...what) => void notes.push(plain(what)),
    hear(target, ...events) {
      for (const event of events) target.bind(event, (...args) => api.note(event, ...args))
    },
    attempt(what, call) {
      try {
        api.note(what, 'returns', call())
      } catch (error) {
        api.note(what, 'throws', error)
      }
    },
    next: (target, event) =>
      new Promise(resolve => {
        function heard(...args: unknown[]): void {
          target.unbind(event, heard)
          resolve(args)
        }
        target.bind(event, heard)
      }),
    async settled(channel) {
      const fence = `fence-${++fences}`
      const passed = api.next(channel, fence)
      await server.trigger(channel.name, fence, {})
      await passed
    },
    async until(probe) {
      const deadline = performance.now() + 10_000
      while (!(await probe())) {
        if (performance.now() > deadline)
          throw new Error(`still waiting for ${probe.toString()}; seen: ${JSON.stringify(notes)}`)
        await new Promise(resolve => setTimeout(resolve, 5))
      }
    },
    // Numbers that are new each time stand as what they are.
    seen() {
      let text = JSON.stringify(notes).replaceAll(`:${port}`, ':<port>')
      for (const socket of sockets) text = text.replaceAll(socket, '<socket>')
      return JSON.parse(text)
    },
    end() {
      for (const pusher of opened) pusher.disconnect()
    },
  }
  return api
}

/** As much as JSON can tell; of an error what it says. */
function plain(value: unknown): unknown {
  if (value === undefined) return '<undefined>'
  if (typeof value === 'function') return '<function>'
  if (value instanceof Error) return { error: value.message }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  if ('handleEvent' in value) return `<channel ${(value as unknown as Channel).name}>`
  if ('subscribeAll' in value) return '<pusher>'
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]))
}

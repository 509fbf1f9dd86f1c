import { deferred } from '../../../src/lib/index.ts'
import type { Checkpoint } from '../../../src/protocol/index.ts'
import {
  UpstreamError,
  type Transport,
  type TransportLink,
  type TransportSink,
  type UpstreamEvent,
  type UpstreamMessage,
} from '../../../src/worker/upstream/transport.ts'

export interface TestServerOptions {
  /** Sessions whose connection is gone can be carried on, also by another broker. @default true */
  readonly recovers?: boolean
}

export interface TestServer {
  /** The way here for one more broker. */
  transport(): TestWay
  /** Sends to all who have joined the channel, and keeps it for those who carry on. Returns its position. */
  emit(channel: string, payload: unknown): string
  /** Breaks all connections, as a network does. */
  cut(): void
  connections(): number
  peakConnections(): number
  /** With what each connection asked to be carried on. */
  readonly resumes: readonly (Checkpoint | undefined)[]
  readonly published: readonly UpstreamMessage[]
  /** Replaced to refuse or delay; by default everything succeeds. */
  behaviour: {
    open?: () => Promise<void>
    publish?: (message: UpstreamMessage) => Promise<unknown>
  }
}

export interface TestWay extends Transport {
  /** The other end has died: the server notices, and nobody else. */
  die(): void
}

/** What the server keeps of one connection. */
interface Session {
  readonly id: string
  readonly joined: Set<string>
  /** Hands an event over, while it is connected. */
  receive: ((event: Stored) => void) | undefined
  /** Of its connection. */
  lost: () => void
}

type Stored = UpstreamEvent & { readonly position: string }

const STREAM = ''

/** A server with a log, and sessions that can be carried on from any position in it. */
export function testServer({ recovers = true }: TestServerOptions = {}): TestServer {
  const sessions = new Map<string, Session>()
  const log: Stored[] = []
  const resumes: (Checkpoint | undefined)[] = []
  const published: UpstreamMessage[] = []
  const behaviour: TestServer['behaviour'] = {}
  let ids = 0
  let peak = 0

  const connections = (): number => [...sessions.values()].filter(({ receive }) => receive !== undefined).length

  function create(): Session {
    const session: Session = { id: `session ${++ids}`, joined: new Set(), receive: undefined, lost: () => {} }
    sessions.set(session.id, session)
    return session
  }

  /** The session that can be carried on, and what was missed in it. */
  function restore(checkpoint: Checkpoint | undefined): { session: Session; missed: readonly Stored[] } | undefined {
    const { session: id = '', position } = checkpoint?.[STREAM] ?? {}
    const session = sessions.get(id)
    const index = log.findIndex(event => event.position === position)
    if (!recovers || session === undefined || session.receive !== undefined || index < 0) return undefined
    return { session, missed: log.slice(index + 1).filter(({ channel }) => session.joined.has(channel)) }
  }

  function connect(sink: TransportSink): TransportLink & { die(): void } {
    let session: Session | undefined
    let last: string | undefined

    function receive(event: Stored): void {
      last = event.position
      sink.event(event)
    }

    function checkpoint(): Checkpoint {
      return recovers && session !== undefined ? { [STREAM]: { session: session.id, position: last } } : {}
    }

    function die(): void {
      // Another connection may carry it on by now.
      if (session?.receive === receive) session.receive = undefined
    }

    return {
      async open({ resume, signal }) {
        resumes.push(resume)
        await (behaviour.open?.() ?? later())
        signal.throwIfAborted()
        const from = resume ?? checkpoint()
        const restored = restore(from)
        session = restored?.session ?? create()
        session.receive = receive
        session.lost = () => {
          die()
          sink.lost(new UpstreamError('network', 'cut by the test'))
        }
        peak = Math.max(peak, connections())
        if (restored === undefined) return
        last = from[STREAM]?.position
        for (const channel of session.joined) sink.continuity(channel, { verdict: 'recovered' })
        for (const event of restored.missed) receive(event)
      },
      async join(channel) {
        await later()
        session?.joined.add(channel)
      },
      leave: channel => session?.joined.delete(channel),
      publish(message) {
        if (session?.receive === undefined) throw new UpstreamError('network', 'not open')
        published.push(message)
        return behaviour.publish?.(message) ?? Promise.resolve({ ok: true })
      },
      checkpoint,
      close: die,
      die,
    }
  }

  return {
    transport() {
      let die = (): void => {}
      return {
        name: 'test',
        create(sink) {
          const link = connect(sink)
          ;({ die } = link)
          return link
        },
        die: () => die(),
      }
    },
    emit(channel, payload) {
      const event: Stored = { channel, event: 'e', payload, position: `p${log.length + 1}` }
      log.push(event)
      for (const { joined, receive } of sessions.values()) if (joined.has(channel)) receive?.(event)
      return event.position
    },
    cut() {
      for (const { receive, lost } of sessions.values()) if (receive !== undefined) lost()
    },
    connections,
    peakConnections: () => peak,
    resumes,
    published,
    behaviour,
  }
}

/** As if it had gone over a network. */
function later(): Promise<void> {
  const { promise, resolve } = deferred<void>()
  setImmediate(() => resolve())
  return promise
}

import { expose } from 'comlink'
import type { Announce, Hello, Op, OpFailure, Outcome, OutboxRequest, Stats, Welcome } from '../../protocol/index.ts'
import {
  parseAck,
  parseAsk,
  parseHello,
  parseOutboxRequest,
  PartylineError,
  PROTOCOL_VERSION,
  toWireError,
} from '../../protocol/index.ts'
import type { Port } from '../host.ts'
import { callFilter } from './call-filter.ts'
import type { Farewell, Session } from './session.ts'

export interface PortServiceDeps {
  readonly epoch: string
  readonly scope: string
  readonly maxRejectedMessages: number
  /** For a link over which no port can be moved: the data port that goes with this control port. */
  readonly data?: Port | undefined
  welcome(session: Session, resumed: boolean): Welcome
  /** @throws PartylineError what the tab is to hear */
  attach(hello: Hello, data: Port): { readonly session: Session; readonly resumed: boolean }
  detach(session: Session): void
  suspend(session: Session): void
  /** Does what one operation asks; throws what the tab is to hear. */
  perform(session: Session, op: Op): void
  /** @throws PartylineError `stale-epoch` when the tab may have given this broker up since it asked */
  refuseIfStale(session: Session): void
  heard(session: Session): void
  /** The tab wants to know whether somebody is there. */
  pinged(session: Session): void
  stats(): Promise<Stats>
  /** What a tab asks of the outbox. */
  outbox(request: OutboxRequest): Promise<unknown>
  /** Ends the line for all tabs of the scope. Resolves when nothing is kept of it. */
  forget(): Promise<void>
  /** Where tabs are to go instead, once another broker has taken over; without `hello`: where all of them are. */
  farewell(hello?: Hello): Farewell | undefined
  /** A message on this port was refused. */
  rejected(error: PartylineError): void
}

/** The port's side of {@link ControlMethods}: each answers, and never throws. */
type Handler = (message: unknown, second: unknown) => Outcome<unknown> | Promise<Outcome<unknown>>

/**
 * What one port can ask of the broker, and what becomes of a port that sends garbage: each refused
 * message is answered, and after too many of them the session is detached and the port closed.
 */
export function servePort(port: Port, deps: PortServiceDeps): void {
  let session: Session | undefined
  /** Of the present attachment; the session may have gone on over another port since. */
  let ownData: Port | undefined
  const closed = new AbortController()
  let rejected = 0

  function reject(error: PartylineError): void {
    deps.rejected(error)
    if (++rejected >= deps.maxRejectedMessages) close()
  }

  function close(): void {
    closed.abort()
    leave()
    port.close()
    deps.data?.close()
  }

  /** Nothing tells that the other end of such a link is gone, and nothing collects it. */
  function closeLink(): void {
    if (deps.data !== undefined) close()
  }

  function leave(): void {
    if (session !== undefined && session.data === ownData) deps.detach(session)
    session = undefined
  }

  function attached(epoch: unknown): Session {
    if (session === undefined || session.isClosed || session.data !== ownData || epoch !== deps.epoch)
      throw new PartylineError('stale-epoch', 'this broker does not know the tab (any more): attach again', {
        retryable: true,
      })
    deps.heard(session)
    return session
  }

  function listenForAcks(data: Port, own: Session): void {
    data.addEventListener('message', ({ data: message }) => {
      if (session !== own || own.data !== data) return
      try {
        const { seq } = parseAck(message)
        deps.heard(own)
        own.sender.acknowledge(seq)
      } catch (error) {
        reject(toPartylineError(error))
      }
    })
    data.start?.()
  }

  const handlers: { readonly [method: string]: Handler } = {
    attach(message, moved) {
      const hello = parseHello(message)
      refuseStranger(hello, deps.scope)
      const data = deps.data ?? moved
      if (!isPort(data)) throw new PartylineError('bad-message', 'attach needs the data port as its second argument')
      leave()
      const elsewhere = deps.farewell(hello)
      if (elsewhere !== undefined) {
        announce(elsewhere)
        throw new PartylineError('stale-epoch', 'another broker has taken over', { retryable: true })
      }
      const { session: own, resumed } = deps.attach(hello, data)
      if (own.isClosed)
        throw new PartylineError('too-many-channels', 'the tab wants more channels than may wait for it')
      session = own
      ownData = data
      own.dismissed = farewell => {
        announce(farewell)
        closeLink()
      }
      listenForAcks(data, own)
      return ok(deps.welcome(own, resumed))
    },
    ask(message) {
      const { epoch, ops, failures } = parseAsk(message)
      deps.refuseIfStale(attached(epoch))
      const done = performAll(attached(epoch), ops, deps)
      // What it asked may have been the end of it.
      attached(epoch)
      return ok([...failures, ...done])
    },
    async stats(epoch) {
      attached(epoch)
      return ok(await deps.stats())
    },
    async outbox(epoch, message) {
      attached(epoch)
      return ok(await deps.outbox(parseOutboxRequest(message)))
    },
    ping(epoch) {
      deps.pinged(attached(epoch))
      return ok(undefined)
    },
    suspend(epoch, seq) {
      const own = attached(epoch)
      own.sender.acknowledgeUpTo(lastHandled(seq))
      deps.suspend(own)
      // It comes back over another port.
      session = undefined
      closeLink()
      return ok(undefined)
    },
    async forget(epoch) {
      deps.refuseIfStale(attached(epoch))
      return ok(await deps.forget())
    },
    bye(epoch, seq) {
      attached(epoch).sender.acknowledgeUpTo(lastHandled(seq))
      leave()
      closeLink()
      return ok(undefined)
    },
  }

  const methods = new Set(Object.keys(handlers))
  const table = Object.freeze(
    Object.assign(
      Object.create(null) as object,
      Object.fromEntries(Object.entries(handlers).map(([method, handler]) => [method, answering(handler, reject)])),
    ),
  )
  expose(table, callFilter({ port, methods, closed: closed.signal, refused: reject }))
  announce(deps.farewell() ?? {})

  function announce(farewell: Farewell): void {
    const message: Announce = {
      type: 'partyline:announce',
      protocol: PROTOCOL_VERSION,
      epoch: deps.epoch,
      ...farewell,
    }
    port.postMessage(message)
  }
}

/** A farewell says how far the tab had come: its acknowledgements go over another port. */
function lastHandled(seq: unknown): number {
  return typeof seq === 'number' ? seq : 0
}

function answering(handler: Handler, reject: (error: PartylineError) => void): Handler {
  const refuse = (error: unknown): Outcome<never> => {
    const known = toPartylineError(error)
    if (known.code === 'bad-message') reject(known)
    return { ok: false, error: toWireError(known) }
  }
  return (message, data) => {
    try {
      const outcome = handler(message, data)
      return outcome instanceof Promise ? outcome.catch(refuse) : outcome
    } catch (error) {
      return refuse(error)
    }
  }
}

function performAll(
  session: Session,
  ops: readonly { readonly index: number; readonly op: Op }[],
  { perform }: PortServiceDeps,
): OpFailure[] {
  const failures: OpFailure[] = []
  for (const { index, op } of ops) {
    if (session.isClosed) break
    try {
      perform(session, op)
    } catch (error) {
      failures.push({ index, error: toWireError(error) })
    }
  }
  return failures
}

function refuseStranger({ protocol, scope }: Hello, ownScope: string): void {
  if (protocol.major !== PROTOCOL_VERSION.major)
    throw new PartylineError(
      'version-mismatch',
      `the tab speaks protocol ${protocol.major}, this broker ${PROTOCOL_VERSION.major}: reload the tab`,
      { details: { tab: protocol, broker: PROTOCOL_VERSION } },
    )
  if (scope !== ownScope)
    throw new PartylineError(
      'scope-mismatch',
      'this broker belongs to another scope: open the worker with the options given',
    )
}

function ok<T>(value: T): Outcome<T> {
  return { ok: true, value }
}

function isPort(value: unknown): value is Port {
  return typeof (value as Partial<Port> | null | undefined)?.postMessage === 'function'
}

function toPartylineError(error: unknown): PartylineError {
  return error instanceof PartylineError
    ? error
    : new PartylineError('internal', error instanceof Error ? error.message : String(error), { cause: error })
}

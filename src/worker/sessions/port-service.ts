import { expose } from 'comlink'
import type { Announce, Hello, Op, OpFailure, Outcome, Stats, Welcome, WireError } from '../../protocol/index.ts'
import { parseAck, parseAsk, parseHello, PartylineError, PROTOCOL_VERSION, toWireError } from '../../protocol/index.ts'
import type { Port } from '../host.ts'
import { callFilter } from './call-filter.ts'
import type { Session } from './session.ts'

export interface PortServiceDeps {
  readonly epoch: string
  readonly scope: string

  readonly maxRejectedMessages: number
  welcome(session: Session): Welcome
  attach(hello: Hello, data: Port): Session
  detach(session: Session): void
  /** Does what one operation asks; throws what the tab is to hear. */
  perform(session: Session, op: Op): void
  heard(session: Session): void
  stats(): Stats
  /** A message on this port was refused. */
  rejected(error: PartylineError): void
}

/** The port's side of {@link ControlMethods}: each answers, and never throws. */
type Handler = (message: unknown, data: unknown) => Outcome<unknown>

/**
 * What one port can ask of the broker, and what becomes of a port that sends garbage: each refused
 * message is answered, and after too many of them the session is detached and the port closed.
 */
export function servePort(port: Port, deps: PortServiceDeps): void {
  let session: Session | undefined
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
  }

  function leave(): void {
    if (session !== undefined) deps.detach(session)
    session = undefined
  }

  function attached(epoch: unknown): Session {
    if (session === undefined || session.isClosed || epoch !== deps.epoch)
      throw new PartylineError('stale-epoch', 'this broker does not know the tab (any more): attach again', {
        retryable: true,
      })
    deps.heard(session)
    return session
  }

  function listenForAcks(data: Port, own: Session): void {
    data.addEventListener('message', ({ data: message }) => {
      if (session !== own) return
      try {
        const { seq } = parseAck(message)
        deps.heard(own)
        own.sender.acknowledge(seq)
      } catch (error) {
        reject(toPartylineError(error))
      }
    })
    data.start()
  }

  const handlers: { readonly [method: string]: Handler } = {
    attach(message, data) {
      const hello = parseHello(message)
      refuseStranger(hello, deps.scope)
      if (!isPort(data)) throw new PartylineError('bad-message', 'attach needs the data port as its second argument')
      leave()
      const own = deps.attach(hello, data)
      if (own.isClosed)
        throw new PartylineError('too-many-channels', 'the tab wants more channels than may wait for it')
      session = own
      own.dismissed = () => announce(dismissal())
      listenForAcks(data, own)
      return ok(deps.welcome(own))
    },
    ask(message) {
      const { epoch, ops, failures } = parseAsk(message)
      const done = performAll(attached(epoch), ops, deps)
      // What it asked may have been the end of it.
      attached(epoch)
      return ok([...failures, ...done])
    },
    stats(epoch) {
      attached(epoch)
      return ok(deps.stats())
    },
    bye(epoch) {
      attached(epoch)
      leave()
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
  announce()

  function announce(error?: WireError): void {
    const message: Announce = { type: 'partyline:announce', protocol: PROTOCOL_VERSION, epoch: deps.epoch, error }
    port.postMessage(message)
  }
}

function dismissal(): WireError {
  return toWireError(
    new PartylineError('stale-epoch', 'the broker let the tab go: it seemed dead, or took nothing', {
      retryable: true,
    }),
  )
}

function answering(handler: Handler, reject: (error: PartylineError) => void): Handler {
  return (message, data) => {
    try {
      return handler(message, data)
    } catch (error) {
      const known = toPartylineError(error)
      if (known.code === 'bad-message') reject(known)
      return { ok: false, error: toWireError(known) }
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

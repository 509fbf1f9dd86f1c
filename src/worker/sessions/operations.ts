import type { Op, SignalOp } from '../../protocol/index.ts'
import type { BrokerHost } from '../host.ts'
import type { Outbound } from '../outgoing/outbound.ts'
import { isDurable, type OutboxDesk } from '../outgoing/outbox-desk.ts'
import type { Channels } from '../routing/channels.ts'
import type { Presence } from '../routing/presence.ts'
import type { Publisher } from '../routing/publisher.ts'
import type { Connection } from '../upstream/connection.ts'
import type { CredentialDesk } from '../upstream/credentials.ts'
import type { Session } from './session.ts'

export interface OperationsDeps {
  readonly host: BrokerHost
  readonly channels: Channels
  readonly presence: Presence
  readonly publisher: Publisher
  readonly outbox: OutboxDesk
  readonly outbound: Outbound
  readonly credentials: CredentialDesk
  readonly connection: Connection
}

/** What follows from each thing that a tab can ask. Throws what the tab is to hear. */
export function perform(session: Session, op: Op, deps: OperationsDeps): void {
  switch (op.op) {
    case 'subscribe':
      return deps.channels.subscribe(session, op)
    case 'unsubscribe':
      deps.outbound.flush()
      deps.presence.untrack(session, op.channel)
      return deps.channels.unsubscribe(session, op.channel)
    case 'publish':
      return isDurable(op) ? deps.outbox.publish(session, op) : deps.publisher.publish(session, op)
    case 'track':
      return deps.presence.track(session, op)
    case 'watch-outbox':
      return deps.outbox.watch(session)
    case 'credentials':
      return deps.credentials.answer(session, op)
    case 'lease':
      return session.setLease(op.lease, deps.host.now())
    case 'signal':
      return note(session, op, deps)
  }
}

function note(session: Session, { signal, id }: SignalOp, deps: OperationsDeps): void {
  const { host, channels, connection, publisher, outbox } = deps
  session.frozen = signal === 'frozen'
  switch (signal) {
    case 'frozen':
      return channels.paused(session)
    case 'focused':
      session.focusedAt = host.now()
      return
    case 'visible':
      session.visible = true
      connection.dispatch({ type: 'visible' })
      return void retryWithNewCredentials(deps)
    case 'hidden':
      session.visible = false
      return
    case 'online':
    case 'offline':
    case 'reconnect':
      return connection.dispatch({ type: signal })
    case 'cancel':
      if (id === undefined) return
      publisher.cancel(session, id)
      return outbox.cancel(session, id)
  }
}

/** After a refusal only other credentials are worth an attempt, so they are asked for first. */
export async function retryWithNewCredentials({ host, credentials, connection }: OperationsDeps): Promise<void> {
  if (connection.status.reason !== 'credentials-refused') return
  try {
    if (await credentials.changed(new AbortController().signal)) connection.dispatch({ type: 'credentials' })
  } catch (error) {
    host.reportError(error)
  }
}

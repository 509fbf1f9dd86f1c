import { expect } from 'vitest'
import type { UpstreamMessage } from '../../../../src/worker/upstream/transport.ts'
import { waitFor } from '../../line/wait-for.ts'
import type { RecordedLink } from '../recorded-link.ts'
import type { Rig } from '../rig.ts'
import type { SubjectServer } from '../subject.ts'

/** Resolves when the server has so many connections. */
export function connections(server: SubjectServer, count: number): Promise<unknown> {
  return waitFor(() => server.connections() === count, `${count} connections`)
}

/** What a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('it should have been rejected'),
    (error: unknown) => error,
  )
}

/** An event that the server takes from clients. */
export function plainEvent({ events }: SubjectServer): string {
  return events?.plain ?? 'said'
}

export function publish(
  { link }: RecordedLink,
  message: UpstreamMessage,
  signal = new AbortController().signal,
): Promise<unknown> {
  return link.publish(message, signal)
}

/** Sends `payload`, and resolves when the last of these many events of the channel is there. */
export async function emitAll({ server }: Rig, channel: string, payloads: readonly unknown[]): Promise<void> {
  for (const payload of payloads) await server.emit(channel, 'said', payload)
}

/** The numbers from 1. */
export function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => index + 1)
}

import { PartylineError, type ErrorCode } from '../protocol/index.ts'
import { abortable } from './abortable.ts'
import type { Publishing } from './publishing.ts'
import { randomId } from './random-id.ts'
import type { PublishOptions, Receipt, Settled } from './types.ts'

const OUTCOMES: { readonly [code in ErrorCode]?: Exclude<Settled['outcome'], 'acknowledged'> } = {
  rejected: 'rejected',
  expired: 'expired',
  dropped: 'dropped',
  replaced: 'dropped',
}

const OPTIONS: { readonly [option in keyof Required<PublishOptions>]: string } = {
  signal: 'object',
  timeoutMs: 'number',
  durable: 'boolean',
  key: 'string',
  lane: 'string',
  ttlMs: 'number',
  coalesce: 'string',
}

/** Publishes as an app asks for it: stored first, if nothing else is said. */
export async function publish(
  publishing: Publishing,
  channel: string,
  event: string,
  payload: unknown,
  options: PublishOptions = {},
): Promise<Receipt> {
  refuseUnknown(options)
  const { signal, timeoutMs, durable = true, key, lane, ttlMs, coalesce } = options
  signal?.throwIfAborted()
  const stored = durable
    ? // Under a key of the app's own it may be stored already.
      { key: key ?? randomId(), lane, ttlMs, coalesce, again: key === undefined ? undefined : true }
    : undefined
  const { id, safe, settled, cancel } = publishing.send(channel, event, payload, timeoutMs, stored)
  const outcome = settled.then(
    (reply): Settled => ({ outcome: 'acknowledged', reply }),
    (error: PartylineError): Settled => ({ outcome: OUTCOMES[error.code] ?? 'unconfirmed', error }),
  )
  try {
    await abortable([signal], () => safe)
  } catch (error) {
    cancel()
    throw error
  }
  return { id, key: stored?.key, settled: outcome }
}

function refuseUnknown(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    const wanted = OPTIONS[name as keyof PublishOptions] as string | undefined
    if (!wanted || (value !== undefined && typeof value !== wanted))
      throw new PartylineError('bad-options', `publish: ${name} is ${wanted ? `a ${wanted}` : 'no option'}`)
  }
}

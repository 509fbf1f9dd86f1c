import { deferred } from '../lib/index.ts'
import { PartylineError, type ErrorCode } from '../protocol/index.ts'
import { abortable } from './abortable.ts'
import type { Outgoing } from './outgoing.ts'
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
  line: Pick<Outgoing, 'send' | 'cancel'>,
  channel: string,
  event: string,
  payload: unknown,
  options: PublishOptions = {},
): Promise<Receipt> {
  refuseUnknown(options)
  const { signal, timeoutMs, durable = true, key, lane, ttlMs, coalesce } = options
  signal?.throwIfAborted()
  const stored = durable ? { key: key ?? randomId(), lane, ttlMs, coalesce, own: key !== undefined } : undefined
  const safe = deferred<void>()
  const settled = deferred<Settled>()
  const message = { channel, event, payload, timeoutMs, durable: stored }
  const id = line.send(message, {
    safe: safe.resolve,
    acknowledged: reply => settled.resolve({ outcome: 'acknowledged', reply }),
    failed(error) {
      safe.reject(error)
      settled.resolve({ outcome: OUTCOMES[error.code] ?? 'unconfirmed', error })
    },
  })
  try {
    await (signal ? abortable([signal], () => safe.promise) : safe.promise)
  } catch (error) {
    line.cancel(id)
    throw error
  }
  return { id, key: stored?.key, settled: settled.promise }
}

function refuseUnknown(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    const wanted = OPTIONS[name as keyof PublishOptions] as string | undefined
    if (!wanted || (value !== undefined && typeof value !== wanted))
      throw new PartylineError('bad-options', `publish: ${name} is ${wanted ? `a ${wanted}` : 'no option'}`)
  }
}

import type { Endpoint } from 'comlink'
import { PartylineError, toWireError, type Outcome } from '../../protocol/index.ts'
import type { Port } from '../host.ts'

export interface CallFilterDeps {
  readonly port: Port
  /** The methods that may be called, and nothing else. */
  readonly methods: ReadonlySet<string>
  /** Aborts when the port is closed: what it had received by then would still come. */
  readonly closed: AbortSignal
  /** Called for each message that was not let through. */
  refused(error: PartylineError): void
}

interface Call {
  readonly id: string
  readonly type: 'APPLY'
  readonly path: readonly [string]
  readonly argumentList: readonly { readonly type: 'RAW'; readonly value: unknown }[]
}

const MAX_ARGUMENTS = 2

/**
 * A Comlink endpoint that lets through only plain calls of named methods with plain arguments.
 *
 * Comlink walks any path that it is sent, so `['constructor', 'constructor']` reaches `Function`; it also
 * takes SET, CONSTRUCT, ENDPOINT and RELEASE, and revives proxies from arguments. None of that gets past
 * here: what is refused is answered with an error where it carries an id, and reported.
 */
export function callFilter({ port, methods, closed, refused }: CallFilterDeps): Endpoint {
  const wrappers = new Map<unknown, (event: MessageEvent) => void>()

  function refuse(message: unknown): void {
    const error = refusalOf(message, methods)
    const id = (message as { id?: unknown } | null | undefined)?.id
    if (typeof id === 'string') port.postMessage(toReply(id, error))
    refused(error)
  }

  return {
    postMessage(message, transfer) {
      if (!closed.aborted) port.postMessage(message, transfer)
    },
    start: () => port.start?.(),
    addEventListener(_type, listener) {
      const handle = typeof listener === 'function' ? listener : listener.handleEvent.bind(listener)
      const wrapper = (event: MessageEvent): void => {
        if (closed.aborted) return
        if (isCall(event.data, methods)) handle(event)
        else refuse(event.data)
      }
      wrappers.set(listener, wrapper)
      port.addEventListener('message', wrapper)
    },
    removeEventListener(_type, listener) {
      const wrapper = wrappers.get(listener)
      if (wrapper !== undefined) port.removeEventListener('message', wrapper)
      wrappers.delete(listener)
    },
  }
}

/** Own enumerable fields of a structured clone only: nothing inherited can stand in for them. */
export function isCall(message: unknown, methods: ReadonlySet<string>): message is Call {
  if (typeof message !== 'object' || message === null) return false
  const { id, type, path, argumentList } = message as { readonly [field in keyof Call]?: unknown }
  return (
    typeof id === 'string' &&
    type === 'APPLY' &&
    Array.isArray(path) &&
    path.length === 1 &&
    typeof path[0] === 'string' &&
    methods.has(path[0]) &&
    Array.isArray(argumentList) &&
    argumentList.length <= MAX_ARGUMENTS &&
    argumentList.every(argument => (argument as { type?: unknown } | null)?.type === 'RAW')
  )
}

function refusalOf(message: unknown, methods: ReadonlySet<string>): PartylineError {
  const { type, path } = (message ?? {}) as { type?: unknown; path?: unknown }
  const method =
    Array.isArray(path) && path.length === 1 && typeof path[0] === 'string' ? path[0].slice(0, 60) : undefined
  return type === 'APPLY' && method !== undefined && !methods.has(method)
    ? new PartylineError(
        'unknown-method',
        `there is no method ${JSON.stringify(method)}; there are ${[...methods].join(', ')}`,
      )
    : new PartylineError('bad-message', 'only plain calls of the documented methods are taken on this port')
}

function toReply(id: string, error: PartylineError): { id: string; type: 'RAW'; value: Outcome<never> } {
  return { id, type: 'RAW', value: { ok: false, error: toWireError(error) } }
}

import { PartylineError } from './errors.ts'
import { PROTOCOL_VERSION } from './version.ts'

/**
 * A broker's address within the browser: tabs that open the worker under the same name share it.
 * The scope is part of it, so tabs of different users never reach the same broker.
 */
export interface BrokerAddress {
  readonly scope: string
  /** 1 for the first broker, one more for each that replaced a dead or hung one. */
  readonly generation: number
}

/** Tabs and brokers that do not understand each other must not meet, though their script has the same URL. */
const PREFIX = `partyline/${PROTOCOL_VERSION.major}`

export function toWorkerName({ scope, generation }: BrokerAddress): string {
  return `${PREFIX}:${generation}:${encodeURIComponent(scope)}`
}

/**
 * @throws PartylineError `bad-options` when the worker was opened under another name than the client gave, and
 *   `update-required` when a client of another major version did
 */
export function fromWorkerName(name: string): BrokerAddress {
  const [prefix, generation, encoded = ''] = name.split(':')
  const scope = decode(encoded)
  if (/^partyline\/\d+$/.test(prefix ?? '') && prefix !== PREFIX)
    throw new PartylineError('update-required', `this worker's script is of another version than the tab: reload`, {
      details: { worker: PREFIX, tab: prefix },
    })
  if (prefix !== PREFIX || scope === '' || !/^\d+$/.test(generation ?? ''))
    throw new PartylineError(
      'bad-options',
      `the worker's name is ${JSON.stringify(name)}; open it with the options that connect() hands over: ` +
        "options => new SharedWorker(url, { ...options, type: 'module' })",
    )
  return { scope, generation: Number(generation) }
}

/** Empty when it is not what `encodeURIComponent` writes. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return ''
  }
}

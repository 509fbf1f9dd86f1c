import { PartylineError } from './errors.ts'

/**
 * A broker's address within the browser: tabs that open the worker under the same name share it.
 * The scope is part of it, so tabs of different users never reach the same broker.
 */
export interface BrokerAddress {
  readonly scope: string
  /** 1 for the first broker, one more for each that replaced a dead or hung one. */
  readonly generation: number
}

const PREFIX = 'partyline'

export function toWorkerName({ scope, generation }: BrokerAddress): string {
  return `${PREFIX}:${generation}:${encodeURIComponent(scope)}`
}

/** @throws PartylineError `bad-options` when the worker was opened under another name than the client gave. */
export function fromWorkerName(name: string): BrokerAddress {
  const [prefix, generation, encoded = ''] = name.split(':')
  const scope = decode(encoded)
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

import { PartylineError, UpstreamError, type Transport, type UpstreamMessage } from 'partyline/worker'

export interface HttpWriting {
  /** Takes one message in a POST, and answers when it is done. */
  readonly url: string
  /** Whose messages they are. */
  readonly name: string
}

/**
 * Events come over the transport; what is published goes to the app's own server, which does it, answers, and has the
 * service tell everybody. That is how one writes where the service passes on what the app's server says.
 */
export function writingOverHttp(transport: Transport, { url, name }: HttpWriting): Transport {
  return {
    ...transport,
    capabilities: { ...transport.capabilities, acknowledgement: true, binary: false },
    create(sink) {
      const link = transport.create(sink)
      /** One after the other, so that they arrive in order. */
      let last: Promise<unknown> = Promise.resolve()

      function publish({ channel, event, payload, key }: UpstreamMessage, signal: AbortSignal): Promise<unknown> {
        const body = toJson({ name, channel, event, payload, key })
        const answer = last.then(() => post(url, body, signal))
        last = answer.catch(() => undefined)
        return answer
      }

      return Object.assign(link, { publish })
    },
  }
}

function toJson(message: object): string {
  try {
    return JSON.stringify(message)
  } catch (cause) {
    throw new PartylineError('invalid-payload', 'JSON cannot hold this payload', { cause })
  }
}

async function post(url: string, body: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body, signal })
  const answer: unknown = await response.json().catch(() => undefined)
  if (response.ok) return answer
  throw new UpstreamError(kindOf(response.status), `the server answered ${response.status}`, { details: answer })
}

/** Of what the server cannot do now nobody knows whether it was done. */
function kindOf(status: number): 'refused' | 'rate-limited' | 'network' {
  if (status === 429) return 'rate-limited'
  return status >= 400 && status < 500 ? 'refused' : 'network'
}

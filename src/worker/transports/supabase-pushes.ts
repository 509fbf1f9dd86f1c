import { deferred } from '../../lib/index.ts'
import { UpstreamError } from '../upstream/transport.ts'
import { toText, type Fields } from './supabase-frames.ts'

interface Push {
  readonly joinRef: string
  confirmed(response: Fields): void
  failed(error: UpstreamError): void
}

/** Messages of one topic that the server has yet to answer. */
export class Pushes {
  readonly #open = new Map<string, Push>()

  /**
   * Resolves with the server's answer.
   * @param confirmed called before anything that came after the answer
   */
  wait(ref: string, joinRef: string, confirmed: () => void, signal?: AbortSignal): Promise<Fields> {
    const answer = deferred<Fields>()
    const abort = (): void => this.#end(ref)?.failed(new UpstreamError('network', 'nobody waits for it any more'))
    signal?.addEventListener('abort', abort)
    this.#open.set(ref, {
      joinRef,
      confirmed(response) {
        signal?.removeEventListener('abort', abort)
        confirmed()
        answer.resolve(response)
      },
      failed(error) {
        signal?.removeEventListener('abort', abort)
        answer.reject(error)
      },
    })
    return answer.promise
  }

  answered(ref: string, isOk: boolean, response: Fields): void {
    const push = this.#end(ref)
    if (isOk) return push?.confirmed(response)
    push?.failed(new UpstreamError('refused', toText(response['reason']), { details: response }))
  }

  /** @param joinRef only those that were sent to this join */
  fail(error: UpstreamError, joinRef?: string): void {
    for (const [ref, push] of this.#open)
      if (joinRef === undefined || push.joinRef === joinRef) this.#end(ref)?.failed(error)
  }

  #end(ref: string): Push | undefined {
    const push = this.#open.get(ref)
    this.#open.delete(ref)
    return push
  }
}

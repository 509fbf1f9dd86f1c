import {
  fromWireError,
  isAnnounce,
  parseFrame,
  parseWelcome,
  type PartylineError,
  type Ack,
  type Ask,
  type BrokerScript,
  type Frame,
  type Hello,
  type Op,
  type OpFailure,
  type Welcome,
} from '../protocol/index.ts'
import { abortable } from './abortable.ts'
import { control, moving, type ControlMethod } from './control.ts'
import type { HostLink } from './hosts/host.ts'
import { retryable, staleEpoch } from './retryable.ts'
import { watch } from './watch.ts'

export interface AttachmentDeps {
  readonly link: HostLink
  readonly hello: Hello
  readonly timeoutMs: number
  /** Whoever aborts it, with why, ends the attachment, which does so itself when it must. */
  readonly over: AbortController
  /** Frames may come before it: the two ports have no order between them. */
  attached(welcome: Welcome): void
  /** What one frame carried. It is acknowledged when this returns. */
  items(items: Frame['items']): void
  /** Another broker has taken over; the end follows. */
  moved(script: BrokerScript): void
  /** A sign of life is due: whether it is worth the wait. */
  waiting(): unknown
  /** There was one. */
  answered(): void
}

/** One life of this tab with one broker: from hello to the end of the epoch. */
export interface Attachment {
  /** Which session this is, or may be before the welcome, and the last frame that was handled in it. */
  readonly session: Hello['session']
  readonly wasWelcome: boolean
  /** Asks the broker now whether it is there, or whether it is worth the wait where it was asked long ago. */
  check(): void
  /** Resolves with the operations that were refused. Ends the attachment when the broker does not know it any more. */
  ask(ops: readonly Op[]): Promise<readonly OpFailure[]>
  /** Calls the broker with its epoch, or with what is made of that. */
  call(method: ControlMethod, args?: (epoch: string) => unknown[], signal?: AbortSignal): Promise<unknown>
  /** Tells the broker and lets go: for good, or to come back to the same session. Idempotent. */
  leave(how: 'bye' | 'suspend', error: PartylineError): void
}

export function openAttachment(deps: AttachmentDeps): Attachment {
  const { link, hello, timeoutMs, over, waiting } = deps
  const { signal } = over
  const post = control(link.control, timeoutMs, signal)
  let welcome: Welcome | undefined
  /** Of the last frame that was handled; the numbers of a session that is carried on go on. */
  let lastSeq: number | undefined
  /** When a ping was answered last. */
  let answeredAt = 0

  const end = (error: unknown): void => over.abort(error)

  signal.addEventListener('abort', () => link.close())
  // Later it is an error of the app's own in a worker that runs.
  void link.failed.then(error => welcome || end(error))
  // A broker speaks unasked when it starts, when it lets the tab go, and when another has taken over.
  link.control.addEventListener('message', ({ data }) => {
    if (!isAnnounce(data)) return
    const { error, epoch, moved } = data
    if (moved) deps.moved(moved)
    if (error) end(fromWireError(error))
    // A script that has started anew behind the same port knows nothing of this tab.
    else if (moved || (welcome && epoch !== welcome.epoch)) end(staleEpoch())
  })
  link.data.addEventListener('message', ({ data }) => {
    if (signal.aborted) return
    try {
      const { seq, items } = parseFrame(data)
      if (seq !== (lastSeq ?? seq - 1) + 1) throw retryable('bad-message', 'a frame is missing')
      deps.items(items)
      lastSeq = seq
      link.data.postMessage({ type: 'ack', seq } satisfies Ack)
    } catch (error) {
      end(error)
    }
  })
  link.data.start?.()

  const welcomed = post('attach', [hello, link.moved && moving(link.moved)]).then(parseWelcome)
  welcomed
    .then(given => {
      welcome = given
      deps.attached(given)
    })
    .catch(end)

  const call: Attachment['call'] = async (method, args = epoch => [epoch], until) => {
    // The ports have no order between them: what came in a frame may make the app call before the welcome is here.
    const { epoch } = welcome ?? (await abortable([until], () => welcomed))
    const askedAt = performance.now()
    try {
      return await post(method, args(epoch), until)
    } catch (error) {
      const { code } = error as PartylineError
      // A broker that does not know us, or does not answer, is as good as gone. One that answers pings is there: the
      // call got lost, such as one that cannot be read on the other side.
      if (code === 'stale-epoch' || code === 'call-timeout')
        end(code === 'call-timeout' && answeredAt > askedAt ? staleEpoch() : error)
      throw error
    }
  }

  return {
    get session() {
      const { session } = hello
      const id = welcome?.sessionId ?? session?.id
      return id === undefined ? undefined : { id, seq: lastSeq ?? (id === session?.id ? session.seq : 0) }
    },
    get wasWelcome() {
      return welcome !== undefined
    },
    check: watch(
      async () => {
        if (!welcome) return waiting()
        await call('ping')
        answeredAt = performance.now()
        deps.answered()
      },
      waiting,
      () => end(retryable('call-timeout', 'the broker is silent')),
      signal,
    ),
    call,
    ask: ops => call('ask', epoch => [{ epoch, ops } satisfies Ask]) as Promise<readonly OpFailure[]>,
    leave(how, error) {
      // The answer does not matter: it is cut off by the end that it announces.
      if (welcome && !signal.aborted) post(how, [welcome.epoch, lastSeq]).catch(() => {})
      end(error)
    },
  }
}

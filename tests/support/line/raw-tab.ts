import {
  PROTOCOL_VERSION,
  type Announce,
  type Frame,
  type Hello,
  type Item,
  type Outcome,
  type Welcome,
} from '../../../src/protocol/index.ts'
import { SCOPE, type NodeLine } from './node-line.ts'
import { itemsOf } from './items-of.ts'

/** A tab that speaks the protocol message by message, for what the client would never do. */
export interface RawTab {
  readonly control: MessagePort
  readonly data: MessagePort
  readonly epoch: string
  readonly sessionId: string
  readonly welcome: Welcome
  call(method: string, ...args: unknown[]): Promise<Outcome<unknown>>
  /** Acknowledges what has come, and from now on whatever comes. */
  acknowledgeAll(): void
  /** Acknowledges nothing of what comes from now on. */
  holdBack(): void
  acknowledge(seq: number): void
  /** As they came on the data port. */
  readonly frames: readonly Frame[]
  items(): readonly Item[]
  events(): readonly Item[]
  /** What the broker has said unasked on the control port. */
  announcements(): readonly Announce[]
}

/** Attaches over `control`, and acknowledges nothing before it is told to. */
export async function rawTab(
  line: NodeLine,
  hello: Partial<Hello> = {},
  control: MessagePort = line.openPort(),
): Promise<RawTab> {
  const { port1: data, port2 } = new MessageChannel()
  const frames: Frame[] = []
  let acknowledges = false
  let acknowledged = 0
  const acknowledge = (seq: number): void => {
    acknowledged = seq
    data.postMessage({ type: 'ack', seq })
  }
  data.addEventListener('message', ({ data: frame }: MessageEvent<Frame>) => {
    frames.push(frame)
    if (acknowledges) acknowledge(frame.seq)
  })
  data.start()
  const announcements: Announce[] = []
  control.addEventListener('message', ({ data: message }: MessageEvent<Partial<Announce>>) => {
    if (message.type === 'partyline:announce') announcements.push(message as Announce)
  })
  control.start()
  line.host.locks.add('raw')
  const greeting: Hello = {
    protocol: PROTOCOL_VERSION,
    scope: SCOPE,
    tabId: 'raw',
    attempt: 1,
    lease: { kind: 'lock', name: 'raw' },
    visible: true,
    focused: false,
    online: true,
    hasCredentials: false,
    wanted: [],
    ...hello,
  }
  const outcome = await callOver(control, 'attach', [greeting, port2], [port2])
  if (!outcome.ok) throw new Error(outcome.error.message)
  const welcome = outcome.value as Welcome
  const { epoch, sessionId } = welcome
  const items = (): Item[] => frames.flatMap(itemsOf)
  return {
    control,
    data,
    epoch,
    sessionId,
    welcome,
    frames,
    acknowledge,
    call: (method, ...args) => callOver(control, method, args),
    acknowledgeAll() {
      acknowledges = true
      for (const { seq } of frames) if (seq > acknowledged) acknowledge(seq)
    },
    holdBack() {
      acknowledges = false
    },
    items,
    events: () => items().filter(item => Array.isArray(item)),
    announcements: () => announcements,
  }
}

/** One call as Comlink writes it. */
function callOver(
  control: MessagePort,
  method: string,
  args: readonly unknown[],
  moved: Transferable[] = [],
): Promise<Outcome<unknown>> {
  const id = crypto.randomUUID()
  return new Promise(resolve => {
    control.addEventListener(
      'message',
      function heard({ data }: MessageEvent<{ id?: string; value: Outcome<unknown> }>) {
        if (data.id !== id) return
        control.removeEventListener('message', heard)
        resolve(data.value)
      },
    )
    const argumentList = args.map(value => ({ type: 'RAW', value }))
    control.postMessage({ id, type: 'APPLY', path: [method], argumentList }, moved)
  })
}

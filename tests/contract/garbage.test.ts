import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { WireError } from '../../src/protocol/index.ts'
import { startNodeLine, type NodeLine, type NodeTab } from '../support/line/node-line.ts'
import { anythingCloneable, hostileMessages } from '../support/line/hostile-messages.ts'
import { rawTab, type RawTab } from '../support/line/raw-tab.ts'
import { testTransport, type TestTransport } from '../support/line/test-transport.ts'
import { waitFor } from '../support/line/wait-for.ts'

const METHODS = ['attach', 'ask', 'stats', 'bye']
const MAX_REJECTED = 32
const numRuns = 60

interface Answer {
  readonly id: string
  readonly value: { readonly ok: boolean; readonly error?: WireError }
}

let transport: TestTransport
let line: NodeLine
/** A tab that keeps to the protocol while others do not. */
let good: NodeTab
let sent: number
let unhandled: unknown[]
const noteUnhandled = (reason: unknown): unknown => unhandled.push(reason)

beforeEach(async () => {
  unhandled = []
  process.on('unhandledRejection', noteUnhandled)
  transport = testTransport()
  line = startNodeLine({ transport, maxRejectedMessages: MAX_REJECTED })
  good = await line.openTab({ wanted: [{ channel: 'orders' }] })
  await good.notice('subscription', ({ state }) => state === 'joined')
  sent = 0
})

afterEach(() => {
  line.close()
  process.off('unhandledRejection', noteUnhandled)
})

function emit(): void {
  transport.sink().event({ channel: 'orders', event: 'e', payload: ++sent })
}

/** The good tab gets what was sent to it and is answered, and nothing went wrong behind the scenes. */
async function expectBusinessAsUsual(): Promise<void> {
  emit()
  await waitFor(() => good.events().length === sent, 'the events of the good tab')
  expect(good.payloads()).toEqual(Array.from({ length: sent }, (_, index) => index + 1))
  expect(good.notices('continuity')).toEqual([])
  expect((await good.stats()).epoch).toBe(good.welcome.epoch)
  expect(good.ended()).toBeUndefined()
  expect(line.host.errors).toEqual([])
  expect(unhandled).toEqual([])
}

/** Posts a message that is answered with an error for sure, and gathers what is answered up to then. */
async function answersTo(port: MessagePort, messages: readonly unknown[]): Promise<readonly Answer[]> {
  const answers: Answer[] = []
  let isClosed = false
  const hear = ({ data }: MessageEvent<Answer>): unknown => 'value' in data && answers.push(data)
  port.addEventListener('message', hear)
  port.addEventListener('close', () => (isClosed = true))
  port.start()
  for (const message of messages) {
    port.postMessage(message)
    emit()
  }
  port.postMessage({ id: 'last', type: 'APPLY', path: ['fly'], argumentList: [] })
  await waitFor(() => isClosed || answers.some(({ id }) => id === 'last'), 'the last answer')
  port.removeEventListener('message', hear)
  return answers
}

const idOf = (message: unknown): unknown => (message as { id?: unknown } | null | undefined)?.id

const few = (message: fc.Arbitrary<unknown>) => fc.array(message, { maxLength: MAX_REJECTED - 2 })

describe('a port that sends garbage', () => {
  it('gets an error for every message with an id, and harms nobody', async () => {
    await fc.assert(
      fc.asyncProperty(few(hostileMessages(METHODS)), async messages => {
        const port = line.openPort()
        const answers = await answersTo(port, messages)
        for (const answer of answers) {
          expect(answer).toMatchObject({ type: 'RAW', value: { ok: false } })
          expect(answer.value.error?.code).toMatch(
            /^(bad-message|unknown-method|stale-epoch|(version|scope)-mismatch)$/,
          )
        }
        const ids = messages.map(idOf).filter(id => typeof id === 'string')
        expect(answers.map(({ id }) => id).toSorted()).toEqual([...ids, 'last'].toSorted())
        expect(line.broker.stats().sessions.attached).toBe(1)
        await expectBusinessAsUsual()
        port.close()
      }),
      { numRuns },
    )
  })

  it('loses its session and is closed after maxRejectedMessages', async () => {
    const bad = await rawTab(line)
    expect(line.broker.stats().sessions.attached).toBe(2)
    const isClosed = new Promise(resolve => bad.control.addEventListener('close', resolve, { once: true }))
    for (let n = 0; n < MAX_REJECTED - 1; n++) bad.control.postMessage('garbage')
    expect(await bad.call('stats', bad.epoch)).toMatchObject({ ok: true })
    bad.control.postMessage('garbage')
    await isClosed
    expect(line.broker.stats()).toMatchObject({ sessions: { attached: 1 }, rejectedMessages: MAX_REJECTED })
    await expectBusinessAsUsual()
  })

  it('cannot attach any more once it is closed, even with what it sent before', async () => {
    const bad = await rawTab(line)
    const isClosed = new Promise(resolve => bad.control.addEventListener('close', resolve, { once: true }))
    for (let n = 0; n < MAX_REJECTED; n++) bad.control.postMessage('garbage')
    const { port1, port2 } = new MessageChannel()
    const hello = { ...validHello, wanted: [{ channel: 'orders' }] }
    const argumentList = [hello, port2].map(value => ({ type: 'RAW', value }))
    bad.control.postMessage({ id: 'a', type: 'APPLY', path: ['attach'], argumentList }, [port2])
    await isClosed
    expect(line.broker.stats().sessions.attached).toBe(1)
    await expectBusinessAsUsual()
    port1.close()
  })

  it('is closed when it hides its garbage in calls of known methods as well', async () => {
    const port = line.openPort()
    const call = { type: 'APPLY', path: ['attach'], argumentList: [{ type: 'RAW', value: { scope: 5 } }] }
    const answers = await answersTo(
      port,
      Array.from({ length: MAX_REJECTED }, (_, n) => ({ ...call, id: `${n}` })),
    )
    expect(answers.every(({ value }) => value.error?.code === 'bad-message')).toBe(true)
    expect(line.broker.stats().rejectedMessages).toBe(MAX_REJECTED)
    await expectBusinessAsUsual()
  })

  it('reaches nothing but the named methods, whatever path it takes', async () => {
    const paths = [
      ['constructor'],
      ['constructor', 'constructor'],
      ['__proto__'],
      ['__proto__', 'constructor'],
      ['toString'],
      ['hasOwnProperty'],
      ['valueOf'],
      ['stats', 'constructor'],
      ['stats', 'call'],
      [],
    ]
    for (const type of ['APPLY', 'GET', 'SET', 'CONSTRUCT', 'ENDPOINT', 'RELEASE']) {
      const port = line.openPort()
      const messages = paths.map((path, n) => ({
        id: `${n}`,
        type,
        path,
        value: { type: 'RAW', value: 1 },
        argumentList: [{ type: 'RAW', value: 'globalThis.hacked = true' }],
      }))
      const answers = await answersTo(port, messages)
      expect(answers).toHaveLength(paths.length + 1)
      for (const { value } of answers) expect(value.ok).toBe(false)
      port.close()
    }
    expect('hacked' in globalThis).toBe(false)
    await expectBusinessAsUsual()
  })
})

const validHello = {
  protocol: { major: 1, minor: 0 },
  scope: 'ann',
  tabId: 'bad',
  attempt: 1,
  lease: { kind: 'lock', name: 'raw' },
  visible: true,
  online: true,
  hasCredentials: false,
  wanted: [],
}

describe('a tab that attached and then sends garbage', () => {
  it('on its control port gets errors and stays attached', async () => {
    await fc.assert(
      fc.asyncProperty(few(hostileMessages(METHODS)), async messages => {
        const bad = await rawTab(line)
        const answers = await answersTo(bad.control, messages)
        expect(answers.every(({ value }) => !value.ok)).toBe(true)
        expect(await bad.call('stats', bad.epoch)).toMatchObject({ ok: true })
        await expectBusinessAsUsual()
        await leave(bad)
      }),
      { numRuns },
    )
  })

  it('on its data port is counted like any other, and the broker goes on', async () => {
    await fc.assert(
      fc.asyncProperty(
        few(fc.oneof(anythingCloneable, fc.record({ type: fc.constantFrom('ack', 'frame'), seq: anythingCloneable }))),
        async messages => {
          const bad = await rawTab(line)
          const before = line.broker.stats().rejectedMessages
          for (const message of messages) {
            bad.data.postMessage(message)
            emit()
          }
          await waitFor(() => line.broker.stats().rejectedMessages === before + messages.length, 'all refusals')
          expect(await bad.call('stats', bad.epoch)).toMatchObject({ ok: true })
          await expectBusinessAsUsual()
          await leave(bad)
        },
      ),
      { numRuns },
    )
  })

  it('on its data port is let go after maxRejectedMessages', async () => {
    const bad = await rawTab(line, { wanted: [{ channel: 'orders' }] })
    const isClosed = new Promise(resolve => bad.control.addEventListener('close', resolve, { once: true }))
    for (let n = 0; n < MAX_REJECTED; n++) bad.data.postMessage({ type: 'ack', seq: 1_000 + n })
    await isClosed
    expect(line.broker.stats()).toMatchObject({ sessions: { attached: 1 }, channels: [{ sessions: 1 }] })
    await expectBusinessAsUsual()
  })

  it('in a list of operations gets an error for each bad one, and the good ones are done', async () => {
    const bad = await rawTab(line)
    const operation = fc.oneof(
      fc.record({ op: fc.constantFrom('subscribe', 'unsubscribe', 'publish', 'signal', 'credentials', 'fly') }),
      fc.record({ op: fc.constantFrom('subscribe', 'publish'), channel: fc.constantFrom('', 5, null) }),
      anythingCloneable,
    )
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 50 }), async ops => {
        const outcome = await bad.call('ask', {
          epoch: bad.epoch,
          ops: [...ops, { op: 'subscribe', channel: 'floor' }, { op: 'unsubscribe', channel: 'floor' }],
        })
        expect(outcome.ok).toBe(true)
        const failures = outcome.ok ? (outcome.value as { index: number }[]) : []
        expect(failures.map(({ index }) => index)).toEqual(ops.map((_, index) => index))
        await expectBusinessAsUsual()
      }),
      { numRuns },
    )
  })

  it('with stale epochs is told so each time, and nothing is done', async () => {
    const bad = await rawTab(line)
    for (const epoch of ['', 'older', 5, null, undefined, { toString: 'x' }]) {
      expect(await bad.call('stats', epoch)).toMatchObject({ ok: false, error: { code: 'stale-epoch' } })
      expect(await bad.call('bye', epoch)).toMatchObject({ ok: false, error: { code: 'stale-epoch' } })
    }
    expect(await bad.call('stats', bad.epoch)).toMatchObject({ ok: true })
    expect(line.broker.stats().sessions.attached).toBe(2)
  })
})

async function leave(tab: RawTab): Promise<void> {
  await tab.call('bye', tab.epoch)
  tab.control.close()
  tab.data.close()
}

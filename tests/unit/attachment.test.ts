import { afterEach, expect, test } from 'vitest'
import { Attachment } from '../../src/client/attachment.ts'
import { PROTOCOL_VERSION, type PartylineError } from '../../src/protocol/index.ts'
import { waitFor } from '../support/line/wait-for.ts'

interface Call {
  readonly id: string
  readonly path: readonly string[]
  readonly argumentList: readonly { readonly value: unknown }[]
}

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

/** An attachment, and the port at which the test plays its broker. */
function setUp() {
  const { port1: control, port2: broker } = new MessageChannel()
  const calls: Call[] = []
  broker.addEventListener('message', ({ data }: MessageEvent<Call>) => calls.push(data))
  broker.start()
  let ended: PartylineError | undefined
  const attachment = new Attachment({
    link: { control, failed: new Promise<never>(() => undefined), close: () => control.close() },
    hello: {
      protocol: PROTOCOL_VERSION,
      scope: 'ann',
      tabId: 'tab',
      attempt: 1,
      lease: { kind: 'silence' },
      visible: true,
      online: true,
      hasCredentials: false,
      wanted: [],
    },
    timeoutMs: 2_000,
    attached() {},
    items() {},
    ended(error) {
      ended = error
    },
  })
  ends.push(() => broker.close())
  return {
    attachment,
    broker,
    calls,
    ended: () => ended,
    call: (method: string) => waitFor(() => calls.find(({ path }) => path[0] === method), `a call of ${method}`),
    answer: ({ id }: Call, value: unknown) => broker.postMessage({ id, type: 'RAW', value: { ok: true, value } }),
  }
}

test('a call made before the welcome waits for it, and goes out with its epoch', async () => {
  const { attachment, calls, call, answer, ended } = setUp()
  const stats = attachment.stats()
  const attach = await call('attach')
  expect(calls).toHaveLength(1)
  answer(attach, { epoch: 'e-1' })
  const asked = await call('stats')
  expect(asked.argumentList.map(({ value }) => value)).toEqual(['e-1'])
  answer(asked, { epoch: 'e-1' })
  expect(await stats).toEqual({ epoch: 'e-1' })
  expect(ended()).toBeUndefined()
})

test('a call made before the welcome rejects with why there is none', async () => {
  const { attachment, broker, call, ended } = setUp()
  const stats = attachment.stats().catch((error: unknown) => error)
  const { id } = await call('attach')
  const error = { code: 'version-mismatch', message: 'too old', retryable: false }
  broker.postMessage({ id, type: 'RAW', value: { ok: false, error } })
  expect(await stats).toMatchObject(error)
  expect(ended()).toMatchObject(error)
})

test('a call made before the welcome can be given up', async () => {
  const { attachment, calls, call, answer } = setUp()
  const controller = new AbortController()
  const stats = attachment.stats(controller.signal).catch((error: unknown) => error)
  const reason = new Error('given up')
  controller.abort(reason)
  expect(await stats).toBe(reason)
  answer(await call('attach'), { epoch: 'e-1' })
  expect(calls).toHaveLength(1)
})

test.each([
  ['another broker announces itself', { epoch: 'e-2' }, 'stale-epoch'],
  [
    'the broker says that it could not start',
    { epoch: 'e-1', error: { code: 'bad-options', message: 'no transport', retryable: false } },
    'bad-options',
  ],
])('it ends when %s, and all calls with it', async (_, announcement, code) => {
  const { attachment, broker, call, answer, ended } = setUp()
  answer(await call('attach'), { epoch: 'e-1' })
  const stats = attachment.stats().catch((error: unknown) => error)
  await call('stats')
  broker.postMessage({ type: 'partyline:announce', protocol: PROTOCOL_VERSION, ...announcement })
  expect(await stats).toMatchObject({ code })
  expect(ended()).toMatchObject({ code })
})

test.each([
  ['no frame', 'garbage', 'the broker sent no frame'],
  ['a frame out of order', { type: 'frame', seq: 2, items: [] }, 'a frame is missing'],
])('it ends when the broker sends %s', async (_, frame, message) => {
  const { call, ended } = setUp()
  const data = (await call('attach')).argumentList[1]?.value as MessagePort
  data.postMessage(frame)
  expect(await waitFor(ended, 'the end')).toMatchObject({ code: 'bad-message', message })
})

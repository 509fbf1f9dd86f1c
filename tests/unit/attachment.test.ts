import { afterEach, expect, test } from 'vitest'
import { openAttachment } from '../../src/client/attachment.ts'
import { portLink } from '../../src/client/hosts/host.ts'
import { PartylineError, PROTOCOL_VERSION, type Hello } from '../../src/protocol/index.ts'
import { reactions } from '../support/line/fake-clock-host.ts'
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
function setUp(hello: Partial<Hello> = {}) {
  const { port1: control, port2: broker } = new MessageChannel()
  const calls: Call[] = []
  broker.addEventListener('message', ({ data }: MessageEvent<Call>) => calls.push(data))
  broker.start()
  let ended: PartylineError | undefined
  const story: unknown[] = []
  const over = new AbortController()
  over.signal.addEventListener('abort', () => {
    ended = over.signal.reason as PartylineError
    story.push(['ended', ended.code])
  })
  const attachment = openAttachment({
    link: portLink(control, new Promise<never>(() => undefined)),
    hello: {
      protocol: PROTOCOL_VERSION,
      scope: 'ann',
      tabId: 'tab',
      attempt: 1,
      lease: { kind: 'silence' },
      visible: true,
      focused: false,
      online: true,
      hasCredentials: false,
      wanted: [],
      ...hello,
    },
    timeoutMs: 2_000,
    over,
    attached() {},
    items() {},
    moved: script => story.push(['moved', script]),
    waiting() {},
    answered() {},
  })
  ends.push(() => broker.close())
  return {
    attachment,
    broker,
    calls,
    story,
    ended: () => ended,
    call: (method: string) => waitFor(() => calls.find(({ path }) => path[0] === method), `a call of ${method}`),
    answer: ({ id }: Call, value: unknown) => broker.postMessage({ id, type: 'RAW', value: { ok: true, value } }),
  }
}

test('a call made before the welcome waits for it, and goes out with its epoch', async () => {
  const { attachment, calls, call, answer, ended } = setUp()
  const stats = attachment.call('stats')
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
  const stats = attachment.call('stats').catch((error: unknown) => error)
  const { id } = await call('attach')
  const error = { code: 'version-mismatch', message: 'too old', retryable: false }
  broker.postMessage({ id, type: 'RAW', value: { ok: false, error } })
  expect(await stats).toMatchObject(error)
  expect(ended()).toMatchObject(error)
})

test('a call made before the welcome can be given up', async () => {
  const { attachment, calls, call, answer } = setUp()
  const controller = new AbortController()
  const stats = attachment.call('stats', undefined, controller.signal).catch((error: unknown) => error)
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
  const stats = attachment.call('stats').catch((error: unknown) => error)
  await call('stats')
  broker.postMessage({ type: 'partyline:announce', protocol: PROTOCOL_VERSION, ...announcement })
  expect(await stats).toMatchObject({ code })
  expect(ended()).toMatchObject({ code })
})

test.each<[string, unknown[], string]>([
  ['no frame', ['garbage'], 'the broker sent no frame'],
  ['a frame out of order', [frame(1), frame(3)], 'a frame is missing'],
  ['a frame twice', [frame(1), frame(1)], 'a frame is missing'],
])('it ends when the broker sends %s', async (_, frames, message) => {
  const { call, ended } = setUp()
  const data = (await call('attach')).argumentList[1]?.value as MessagePort
  for (const each of frames) data.postMessage(each)
  expect(await waitFor(ended, 'the end')).toMatchObject({ code: 'bad-message', message })
})

test('frames count from any number on: in a session that is carried on they go on', async () => {
  const { call, answer, attachment, ended } = setUp({ session: { id: 's-1', seq: 7 } })
  const attach = await call('attach')
  const data = attach.argumentList[1]?.value as MessagePort
  const acknowledged: unknown[] = []
  data.addEventListener('message', ({ data: message }: MessageEvent) => acknowledged.push(message))
  data.start()
  for (const seq of [8, 9]) data.postMessage(frame(seq))
  await waitFor(() => acknowledged.length === 2, 'two acknowledgements')
  expect(acknowledged).toEqual([8, 9].map(seq => ({ type: 'ack', seq })))
  expect(attachment.session).toEqual({ id: 's-1', seq: 9 })
  answer(attach, { epoch: 'e-1', sessionId: 's-1' })
  await waitFor(() => attachment.wasWelcome, 'the welcome')
  expect(attachment.session).toEqual({ id: 's-1', seq: 9 })
  expect(ended()).toBeUndefined()
})

test.each<[string, Partial<Hello>, string | undefined, unknown]>([
  ['none before its first welcome', {}, undefined, undefined],
  [
    'the one that it wants to carry on, before the welcome',
    { session: { id: 's-1', seq: 7 } },
    undefined,
    { id: 's-1', seq: 7 },
  ],
  ['the one that it carries on', { session: { id: 's-1', seq: 7 } }, 's-1', { id: 's-1', seq: 7 }],
  ['another, in which it has handled nothing yet', { session: { id: 's-1', seq: 7 } }, 's-2', { id: 's-2', seq: 0 }],
])('its session is %s', async (_, hello, sessionId, session) => {
  const { attachment, call, answer } = setUp(hello)
  const attach = await call('attach')
  if (sessionId !== undefined) {
    answer(attach, { epoch: 'e-1', sessionId })
    await waitFor(() => attachment.wasWelcome, 'the welcome')
  }
  expect(attachment.session).toEqual(session)
})

test.each(['bye', 'suspend'] as const)('it leaves with %s, and with the last frame that it has handled', async how => {
  const { attachment, call, answer, ended } = setUp()
  const attach = await call('attach')
  const data = attach.argumentList[1]?.value as MessagePort
  answer(attach, { epoch: 'e-1', sessionId: 's-1' })
  for (const seq of [1, 2]) data.postMessage(frame(seq))
  await waitFor(() => attachment.session?.seq === 2, 'two frames')
  const why = new PartylineError('line-closed', 'the page goes')
  attachment.leave(how, why)
  expect(ended()).toBe(why)
  expect((await call(how)).argumentList.map(({ value }) => value)).toEqual(['e-1', 2])
})

test('it leaves without a word where no broker has welcomed it', async () => {
  const { attachment, calls, call, ended } = setUp()
  await call('attach')
  attachment.leave('bye', new PartylineError('line-closed', 'the page goes'))
  attachment.leave('bye', new PartylineError('line-closed', 'once more'))
  await reactions()
  expect(calls.map(({ path }) => path[0])).toEqual(['attach'])
  expect(ended()).toMatchObject({ message: 'the page goes' })
})

test('it ends when the broker says where its place is now, and tells that first', async () => {
  const { broker, call, answer, story } = setUp()
  answer(await call('attach'), { epoch: 'e-1', sessionId: 's-1' })
  const script = { protocol: PROTOCOL_VERSION, generation: 2, url: 'https://app.example/next.js', type: 'module' }
  broker.postMessage({ type: 'partyline:announce', protocol: PROTOCOL_VERSION, epoch: 'e-1', moved: script })
  await waitFor(() => story.length === 2, 'the end')
  expect(story).toEqual([
    ['moved', script],
    ['ended', 'stale-epoch'],
  ])
})

test('a ping that finds no answer ends it, and nothing else than a ping is asked', async () => {
  const { attachment, calls, call, answer } = setUp()
  answer(await call('attach'), { epoch: 'e-1', sessionId: 's-1' })
  await waitFor(() => attachment.wasWelcome, 'the welcome')
  attachment.check()
  attachment.check()
  const ping = await call('ping')
  expect(ping.argumentList.map(({ value }) => value)).toEqual(['e-1'])
  expect(calls).toHaveLength(2)
})

function frame(seq: number): unknown {
  return { type: 'frame', seq, items: [] }
}

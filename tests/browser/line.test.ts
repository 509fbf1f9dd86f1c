import { transfer, wrap } from 'comlink'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { connect, type ConnectOptions, PartylineError, type StatusChange } from '../../src/client/index.ts'
import { PROTOCOL_VERSION, type Hello } from '../../src/protocol/index.ts'
import { hasStatus, newScope, openJoined, openLine, openPort, testWorker } from '../support/browser/open-line.ts'

/** Replaces a property until the end of the test; `undefined` as with a browser that does not have it. */
function replace(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, configurable: true, writable: true })
  onTestFinished(() => {
    Reflect.deleteProperty(object, name)
  })
}

/** What reaches the window's `error` event until the end of the test. */
function windowErrors(): readonly unknown[] {
  const errors: unknown[] = []
  const onError = (event: ErrorEvent): void => {
    errors.push(event.error)
    event.preventDefault()
  }
  window.addEventListener('error', onError)
  onTestFinished(() => window.removeEventListener('error', onError))
  return errors
}

describe('connect refuses', () => {
  const scope = 'ann'
  test.each<[string, object, string]>([
    ['no worker', { scope }, 'connect needs { worker }, a function that opens it'],
    ['a worker that is open already', { scope, worker: {} }, 'connect needs { worker }, a function that opens it'],
    ['no scope', { worker: testWorker }, 'connect needs { scope }, a string of 1 to 200 characters'],
    ['an empty scope', { worker: testWorker, scope: '' }, 'connect needs { scope }, a string of 1 to 200 characters'],
    ['a number', { worker: testWorker, scope: 7 }, 'connect needs { scope }, a string of 1 to 200 characters'],
    ['a long one', { worker: testWorker, scope: 'x'.repeat(201) }, 'connect needs { scope }, a string of 1 to 200'],
    ['half a character', { worker: testWorker, scope: 'ann\uD800' }, 'connect needs { scope }, a string of 1 to 200'],
    ['no time', { worker: testWorker, scope, timeoutMs: 0 }, 'timeoutMs is milliseconds, not 0'],
    ['NaN', { worker: testWorker, scope, timeoutMs: Number.NaN }, 'timeoutMs is milliseconds, not NaN'],
    ['for ever', { worker: testWorker, scope, timeoutMs: Infinity }, 'timeoutMs is milliseconds, not Infinity'],
  ])('%s', (_, options, sentence) => {
    expect(() => connect(options as ConnectOptions)).toThrow(
      expect.objectContaining({
        name: 'PartylineError',
        code: 'bad-options',
        message: expect.stringContaining(sentence),
      }),
    )
  })
})

describe('a worker that does not start', () => {
  const missing: ConnectOptions['worker'] = options =>
    new SharedWorker('/no-such-worker.js', { ...options, type: 'module' })

  test('makes the line offline with reason worker-failed', async () => {
    const line = openLine({ worker: missing })
    await hasStatus(line, 'offline')
    expect(line.reason).toBe('worker-failed')
  })

  test('is noticed as well when it failed before the tab had its lock', async () => {
    let failed = (): void => {}
    const failure = new Promise<void>(resolve => (failed = resolve))
    replace(navigator, 'locks', {
      request: async (_name: string, held: () => Promise<void>) => {
        await failure
        return held()
      },
    })
    const line = openLine({
      worker(options) {
        const worker = missing(options)
        worker.addEventListener('error', () => setTimeout(failed))
        return worker
      },
    })
    await hasStatus(line, 'offline')
    expect(line.reason).toBe('worker-failed')
  })

  test('because opening it throws, makes the line offline, and is tried again', async () => {
    let opened = 0
    const line = openLine({
      worker(options) {
        if (++opened === 1) throw new TypeError('blocked by policy')
        return testWorker(options)
      },
    })
    await hasStatus(line, 'offline')
    expect(line.reason).toBe('worker-failed')
    await hasStatus(line, 'idle')
    expect(opened).toBe(2)
  })

  test('under the name that the client gave closes the line, and the window hears why', async () => {
    const errors = windowErrors()
    const line = openLine({ worker: () => testWorker({ name: 'my own name', extendedLifetime: true }) })
    await hasStatus(line, 'closed')
    expect(line.reason).toBe('bad-options')
    const refusal = {
      code: 'bad-options',
      message: expect.stringContaining('the worker\'s name is "my own name"; open it with the options that connect()'),
    }
    expect(errors).toMatchObject([refusal])
    await expect(line.stats()).rejects.toMatchObject(refusal)
  })
})

describe('a signal', () => {
  const reason = new Error('no longer interested')

  test('ends listening when it aborts', async () => {
    const { channel, payloads } = await openJoined()
    const controller = new AbortController()
    const heard: unknown[] = []
    channel.on('said', payload => heard.push(payload), { signal: controller.signal })
    await channel.request('said', 1)
    await vi.waitUntil(() => payloads.length === 1)
    controller.abort()
    await channel.request('said', 2)
    await vi.waitUntil(() => payloads.length === 2)
    expect(heard).toEqual([1])
  })

  test('that has aborted already makes listening nothing', () => {
    const line = openLine()
    const channel = line.channel('orders')
    const signal = AbortSignal.abort(reason)
    channel.on('said', () => {}, { signal })
    channel.onAny(() => {}, { signal })
    expect(channel.state).toBe('idle')
    const changes: StatusChange[] = []
    line.on('status', change => changes.push(change), { signal })
    line.close()
    expect(changes).toEqual([])
  })

  test('rejects once, publish, request and stats with its reason, before and after they began', async () => {
    const line = openLine({ scope: newScope('unreachable') })
    const channel = line.channel('orders')
    const calls = (signal: AbortSignal): Promise<unknown>[] => [
      channel.once('said', { signal }),
      channel.publish('said', 1, { signal }),
      channel.request('said', 1, { signal }),
    ]
    for (const call of [...calls(AbortSignal.abort(reason)), line.stats({ signal: AbortSignal.abort(reason) })])
      await expect(call).rejects.toBe(reason)
    await hasStatus(line, 'connecting')
    const controller = new AbortController()
    const begun = Promise.allSettled(calls(controller.signal))
    controller.abort(reason)
    expect(await begun).toEqual(Array.from({ length: 3 }, () => ({ status: 'rejected', reason })))
    expect(channel.state).toBe('idle')
  })

  test('that aborts after a message was sent leaves it sent', async () => {
    const { channel, payloads } = await openJoined()
    const controller = new AbortController()
    const { settled } = await channel.publish('said', 1, { signal: controller.signal })
    controller.abort(reason)
    expect(await settled).toMatchObject({ outcome: 'acknowledged' })
    await vi.waitUntil(() => payloads.length === 1)
  })

  test('that aborts while an answer is awaited rejects the request', async () => {
    const { channel } = await openJoined()
    const controller = new AbortController()
    const answer = channel.request('silent', 1, { signal: controller.signal })
    await channel.request('said', 'sent after it')
    controller.abort(reason)
    await expect(answer).rejects.toBe(reason)
  })
})

describe('listening', () => {
  test('once resolves with the next such event, and leaves', async () => {
    const line = openLine()
    const channel = line.channel('orders')
    const next = channel.once('said')
    expect(channel.state).toBe('joining')
    await channel.request('other', 0)
    await channel.request('said', 1)
    await channel.request('said', 2)
    expect(await next).toBe(1)
    expect(channel.state).toBe('idle')
  })

  test('tells which event on which channel it was', async () => {
    const line = openLine()
    const metas: unknown[] = []
    const heard = new Promise(resolve => {
      line.channel('orders').onAny((payload, meta) => resolve(metas.push(payload, meta)))
    })
    await line.channel('orders').publish('said', 1)
    await heard
    expect(metas).toEqual([1, { channel: 'orders', event: 'said' }])
  })

  test('a listener that throws never stops its siblings, and its error reaches the window', async () => {
    const errors = windowErrors()
    const broken = new Error('listener is broken')
    const { channel, payloads, line } = await openJoined()
    channel.on('said', () => {
      throw broken
    })
    const after: unknown[] = []
    channel.on('said', payload => after.push(payload))
    await channel.request('said', 1)
    await channel.request('said', 2)
    await vi.waitUntil(() => after.length === 2)
    expect(payloads).toEqual([1, 2])
    expect(errors).toEqual([broken, broken])
    expect(line.status).toBe('open')
  })

  test('a removal may be called twice, and the channel is left with the last', async () => {
    const { channel } = await openJoined()
    const stop = channel.on('said', () => {})
    stop()
    stop()
    expect(channel.state).toBe('joined')
  })

  test('only functions listen', () => {
    const channel = openLine().channel('orders')
    expect(() => channel.on('said', 5 as never)).toThrow(
      expect.objectContaining({ code: 'bad-options', message: 'a handler is a function, not 5' }),
    )
  })
})

describe('a message', () => {
  test('has the payload that it had when publish was called', async () => {
    const { channel, payloads } = await openJoined()
    const order = { table: 4, dishes: ['soup'] }
    const published = channel.publish('said', order)
    order.table = 5
    order.dishes.push('fish')
    await published
    await vi.waitUntil(() => payloads.length === 1)
    expect(payloads).toEqual([{ table: 4, dishes: ['soup'] }])
  })

  test('that cannot be cloned is refused before anything is sent', async () => {
    const { channel } = await openJoined()
    await expect(channel.publish('said', { render: () => {} })).rejects.toMatchObject({
      code: 'invalid-payload',
      retryable: false,
      cause: expect.any(DOMException),
    })
  })

  test('is answered, or refused with the reason of the server', async () => {
    const { channel } = await openJoined()
    expect(await channel.request('said', 1)).toEqual({ echo: 1 })
    await expect(channel.request('refuse', 1)).rejects.toMatchObject({ code: 'rejected', details: { why: 'test' } })
    const { settled } = await channel.publish('refuse', 1)
    expect(await settled).toMatchObject({ outcome: 'rejected', error: { code: 'rejected' } })
  })

  test('for which no line opens within its time is not sent', async () => {
    const channel = openLine({ scope: newScope('unreachable') }).channel('orders')
    await expect(channel.publish('said', 1, { timeoutMs: 50 })).rejects.toMatchObject({
      code: 'not-sent',
      retryable: true,
    })
  })
})

describe('a line that is closed', () => {
  test('rejects what is pending, is closed and stays so', async () => {
    const line = openLine({ scope: newScope('unreachable') })
    const changes: StatusChange[] = []
    line.on('status', change => changes.push(change))
    const channel = line.channel('orders')
    await hasStatus(line, 'idle')
    const pending = Promise.allSettled([
      channel.once('said'),
      channel.publish('said', 1),
      channel.request('said', 1),
      line.stats(),
    ])
    line.close()
    for (const outcome of await pending)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'line-closed' } })
    line.close()
    line.reconnect()
    expect(line.status).toBe('closed')
    expect(changes.filter(({ status }) => status === 'closed')).toHaveLength(1)
    expect(changes.at(-1)).toMatchObject({ status: 'closed', reason: 'line-closed' })
  })

  test('refuses what is asked of it later', async () => {
    const line = openLine()
    const channel = line.channel('orders')
    line.close()
    await expect(channel.once('said')).rejects.toMatchObject({ code: 'line-closed' })
    await expect(channel.publish('said', 1)).rejects.toMatchObject({ code: 'line-closed' })
    await expect(channel.request('said', 1)).rejects.toMatchObject({ code: 'line-closed' })
    await expect(line.stats()).rejects.toMatchObject({ code: 'line-closed' })
    expect(channel.on('said', () => {})).toBeInstanceOf(Function)
    expect(channel.state).toBe('idle')
  })

  test('by a handler delivers nothing more, also of what came together', async () => {
    const { line, channel, payloads } = await openJoined()
    const statuses: StatusChange[] = []
    line.on('status', change => statuses.push(change))
    channel.on('said', payload => payload === 2 && line.close())
    const { line: other, channel: asking, payloads: heard } = await openJoined({ scope: line.scope })
    for (let n = 1; n <= 200; n++) void asking.publish('said', n)
    await vi.waitUntil(() => heard.includes(200))
    expect(payloads).toEqual([1, 2])
    expect(statuses).toMatchObject([{ status: 'closed' }])
    expect((await other.stats()).sessions.attached).toBe(1)
  })

  test('leaves the broker to the other tabs', async () => {
    const scope = newScope()
    const going = await openJoined({ scope })
    const staying = await openJoined({ scope })
    going.line.close()
    await vi.waitUntil(async () => (await staying.line.stats()).sessions.attached === 1)
    expect((await staying.line.stats()).sessions.detachedDead).toBe(0)
    await staying.channel.request('said', 'still here')
    await vi.waitUntil(() => staying.payloads.length === 1)
    expect(going.payloads).toEqual([])
  })
})

describe('a broker that does not answer within timeoutMs', () => {
  const timeoutMs = 1_000

  test('is replaced, and so is the next; what both did not answer is unconfirmed; no channel is refused', async () => {
    const { line, channel, payloads } = await openJoined({ timeoutMs })
    const statuses: StatusChange[] = []
    const states: unknown[] = []
    line.on('status', change => statuses.push(change))
    channel.onState(({ state }) => states.push(state))
    const asked = channel.publish('busy', 4 * timeoutMs, { durable: false })
    await hasStatus(line, 'offline')
    expect(line.reason).toBe('call-timeout')
    const later = channel.publish('said', 'too late', { timeoutMs: 1 })
    await expect(later).rejects.toMatchObject({ code: 'not-sent', retryable: true })
    await expect(asked).rejects.toMatchObject({ code: 'unconfirmed', retryable: true })
    await hasStatus(line, 'open')
    // More where the machine is so slow that a new one does not answer in time either.
    expect((await line.stats()).generation).toBeGreaterThanOrEqual(3)
    await vi.waitUntil(() => channel.state === 'joined')
    await channel.request('said', 'again')
    await vi.waitUntil(() => payloads.includes('again'))
    expect(payloads).toEqual(['again'])
    expect(states).not.toContain('refused')
    expect(statuses.map(({ status }) => status)).not.toContain('closed')
    expect((await line.stats()).sessions).toMatchObject({ attached: 1, detachedDead: 0 })
  })
})

describe('scopes', () => {
  test('share nothing', async () => {
    const [ann, bob] = [await openJoined({ scope: newScope('ann') }), await openJoined({ scope: newScope('bob') })]
    await ann.channel.request('said', 'for ann')
    await bob.channel.request('said', 'for bob')
    await vi.waitUntil(() => ann.payloads.length > 0 && bob.payloads.length > 0)
    expect(ann.payloads).toEqual(['for ann'])
    expect(bob.payloads).toEqual(['for bob'])
    const [annStats, bobStats] = await Promise.all([ann.line.stats(), bob.line.stats()])
    expect(annStats.epoch).not.toBe(bobStats.epoch)
    expect(annStats.sessions.attached).toBe(1)
    expect(annStats.scope).toBe(ann.line.scope)
  })

  test('of the same name share one broker and all events', async () => {
    const scope = newScope('Zoë : 100 %')
    const tabs = [await openJoined({ scope }), await openJoined({ scope })]
    await tabs[0]?.channel.request('said', 1)
    for (const { payloads } of tabs) await vi.waitUntil(() => payloads.length === 1)
    const epochs = await Promise.all(tabs.map(async ({ line }) => (await line.stats()).epoch))
    expect(new Set(epochs).size).toBe(1)
  })
})

describe('a page without Web Locks', () => {
  test('works, and its broker goes by its silence', async () => {
    replace(navigator, 'locks', undefined)
    const { line, channel, payloads } = await openJoined()
    await channel.request('said', 1)
    await vi.waitUntil(() => payloads.length === 1)
    expect((await line.stats()).sessions).toMatchObject({ attached: 1, detachedDead: 0 })
  })
})

describe('a tab that lost its lock', () => {
  /** From now on a lock is held only as long as a tab that is killed at once would hold it. */
  function loseLocks(): void {
    const { locks } = navigator
    replace(navigator, 'locks', {
      query: () => locks.query(),
      request: (name: string, held: () => Promise<void>) => locks.request(name, () => void held()),
    })
  }

  test('is let go without a word of its own', async () => {
    const scope = newScope()
    const { line } = await openJoined({ scope })
    const dying = openPort(scope)
    const { port2: data } = new MessageChannel()
    const hello: Hello = {
      protocol: PROTOCOL_VERSION,
      scope,
      tabId: 'dying',
      attempt: 1,
      lease: { kind: 'lock', name: `nobody holds this one of ${scope}` },
      visible: true,
      focused: false,
      online: true,
      hasCredentials: false,
      wanted: [{ channel: 'orders' }],
    }
    const remote = wrap<{ attach(...args: unknown[]): unknown }>(dying)
    expect(await remote.attach(hello, transfer(data, [data]))).toMatchObject({ ok: true })
    await vi.waitUntil(async () => (await line.stats()).sessions.detachedDead === 1)
    expect(await line.stats()).toMatchObject({ sessions: { attached: 1 }, channels: [{ sessions: 1 }] })
  })

  test('attaches again when it lives after all', async () => {
    loseLocks()
    const line = openLine()
    const { line: other, channel } = await openJoined({ scope: line.scope })
    await vi.waitUntil(async () => (await other.stats()).sessions.detachedDead > 0)
    const heard = line.channel('orders').once('said')
    await vi.waitUntil(() => line.channel('orders').state === 'joined')
    await channel.request('said', 'to both')
    expect(await heard).toBe('to both')
  })
})

test('an error is a PartylineError with a code, whichever way it came', async () => {
  const { channel } = await openJoined()
  const error = await channel.request('refuse', 1).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(PartylineError)
  expect(error).toBeInstanceOf(Error)
})

test.each(['', 'x'.repeat(1_025), 7 as never])('a channel cannot be called %j', name => {
  expect(() => openLine().channel(name)).toThrow(
    expect.objectContaining({
      code: 'bad-options',
      message: 'channel needs a name, a string of 1 to 1024 characters',
    }),
  )
})

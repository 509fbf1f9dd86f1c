import { expose } from 'comlink'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PartylineError } from '../../src/protocol/index.ts'
import { callFilter, isCall } from '../../src/worker/sessions/call-filter.ts'
import { reactions } from '../support/line/fake-clock-host.ts'
import { hostileMessages } from '../support/line/hostile-messages.ts'

const methods = new Set(['attach', 'ask', 'stats'])
const plain = (value: unknown) => ({ type: 'RAW', value })
const call = { id: 'i', type: 'APPLY', path: ['stats'], argumentList: [plain('epoch'), plain({ a: 1 })] }

describe('a plain call of a named method', () => {
  test('is let through, with up to two plain arguments of any value', () => {
    const args = fc.array(fc.anything().map(plain), { maxLength: 2 })
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(...methods), args, (id, method, argumentList) => {
        expect(isCall({ id, type: 'APPLY', path: [method], argumentList }, methods)).toBe(true)
      }),
    )
  })

  test.each<[string, object]>([
    ['an id that is no text', { id: 5 }],
    ['no id', { id: undefined }],
    ['another type', { type: 'GET' }],
    ['the type of another call', { type: 'CONSTRUCT' }],
    ['no path', { path: undefined }],
    ['an empty path', { path: [] }],
    ['a longer path', { path: ['stats', 'constructor'] }],
    ['a path through the prototype', { path: ['__proto__', 'stats'] }],
    ['a path as text', { path: 's' }],
    ['something like a path', { path: { 0: 'stats', length: 1 } }],
    ['a step that only reads like a name', { path: [['stats']] }],
    ['an inherited method', { path: ['toString'] }],
    ['the constructor', { path: ['constructor'] }],
    ['no list of arguments', { argumentList: undefined }],
    ['too many arguments', { argumentList: [plain(1), plain(2), plain(3)] }],
    ['an argument that is a proxy', { argumentList: [{ type: 'HANDLER', name: 'proxy', value: 1 }] }],
    ['an argument that throws', { argumentList: [plain(1), { type: 'HANDLER', name: 'throw', value: {} }] }],
    ['an argument that is nothing', { argumentList: [null] }],
    ['an argument without its envelope', { argumentList: ['epoch'] }],
  ])('is not let through with %s', (_, change) => {
    expect(isCall(call, methods)).toBe(true)
    expect(isCall({ ...call, ...change }, methods)).toBe(false)
  })

  test('is all that is let through', () => {
    fc.assert(
      fc.property(hostileMessages([...methods]), message => {
        if (!isCall(message, methods)) return
        expect(message).toMatchObject({ id: expect.any(String), type: 'APPLY' })
        expect(message.path).toHaveLength(1)
        expect([...methods]).toContain(message.path[0])
        for (const argument of message.argumentList) expect(argument).toMatchObject({ type: 'RAW' })
      }),
      { numRuns: 500 },
    )
  })
})

/** An exposed table behind the filter, on one end of a channel of which tests have the other. */
function setUp() {
  const { port1, port2 } = new MessageChannel()
  const called: unknown[][] = []
  const refused: PartylineError[] = []
  const answers: unknown[] = []
  const table = Object.fromEntries(
    [...methods].map(method => [method, (...args: unknown[]) => void called.push([method, ...args])]),
  )
  const { signal: closed } = new AbortController()
  expose(table, callFilter({ port: port2, methods, closed, refused: error => refused.push(error) }))
  port1.addEventListener('message', ({ data }) => answers.push(data))
  port1.start()
  return {
    called,
    refused,
    answers,
    /** Posts, and resolves when it was answered: what comes before on a port is answered before. */
    async post(message: unknown) {
      port1.postMessage(message)
      port1.postMessage({ ...call, id: 'last' })
      while (!answers.some(answer => (answer as { id?: unknown }).id === 'last')) await reactions()
    },
    close: () => port1.close(),
  }
}

describe('behind the filter', () => {
  test('a call reaches its method and is answered', async () => {
    const { called, answers, refused, post, close } = setUp()
    await post(call)
    close()
    expect(called[0]).toEqual(['stats', 'epoch', { a: 1 }])
    expect(answers[0]).toMatchObject({ id: 'i', type: 'RAW' })
    expect(refused).toEqual([])
  })

  test('an unknown method is named in the refusal, with those that there are', async () => {
    const { called, answers, refused, post, close } = setUp()
    await post({ ...call, path: ['fly'] })
    close()
    const error = { code: 'unknown-method', message: 'there is no method "fly"; there are attach, ask, stats' }
    expect(answers[0]).toMatchObject({ id: 'i', type: 'RAW', value: { ok: false, error } })
    expect(refused).toMatchObject([error])
    expect(called).toHaveLength(1)
  })

  test.each([
    ['SET', { ...call, type: 'SET', path: ['stats'], value: plain(1) }],
    ['CONSTRUCT', { ...call, type: 'CONSTRUCT' }],
    ['GET', { ...call, type: 'GET', path: ['constructor', 'constructor'] }],
    ['RELEASE', { id: 'i', type: 'RELEASE' }],
    ['ENDPOINT', { id: 'i', type: 'ENDPOINT' }],
    ['APPLY of Function', { ...call, path: ['constructor', 'constructor'], argumentList: [plain('return 1')] }],
  ])('%s is answered with an error and does nothing', async (_, message) => {
    const { called, answers, refused, post, close } = setUp()
    await post(message)
    close()
    expect(answers[0]).toMatchObject({ id: 'i', value: { ok: false, error: { code: 'bad-message' } } })
    expect(refused).toHaveLength(1)
    expect(called).toHaveLength(1)
  })

  test('what has no id is counted, and not answered', async () => {
    const { answers, refused, post, close } = setUp()
    await post('garbage')
    close()
    expect(answers).toHaveLength(1)
    expect(refused).toHaveLength(1)
  })
})

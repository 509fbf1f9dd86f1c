import { wrap } from 'comlink'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import type { Outcome } from '../../src/protocol/index.ts'
import { newScope, openJoined, openPort } from '../support/browser/open-line.ts'
import { anythingCloneable, hostileMessages } from '../support/line/hostile-messages.ts'

const MAX_REJECTED = 32
const METHODS = ['attach', 'ask', 'stats', 'bye']

/** What Comlink itself makes of the broker: any property path, as deep as one likes. */
interface Evil {
  (...args: unknown[]): Promise<Outcome<unknown>>
  new (...args: unknown[]): Promise<Outcome<unknown>>
  readonly [step: string]: Evil
}

const isMember = (step: string) => step !== '()' && step !== 'new'

/** Walks the path; a last step `()` calls, `new` constructs, otherwise the member is read. */
async function reach(remote: Evil, ...path: string[]): Promise<unknown> {
  const target = path.filter(isMember).reduce((at, step) => at[step] ?? at, remote)
  const code = 'globalThis.hacked = true'
  switch (path.at(-1)) {
    case '()':
      return target(code)
    case 'new':
      return new target(code)
    default:
      return target
  }
}

const refusal = { ok: false, error: { code: expect.stringMatching(/^(bad-message|unknown-method)$/) } }

/** Posts a raw message and resolves with the answer to its id. */
function answerTo(port: MessagePort, message: { readonly id: string; readonly [field: string]: unknown }) {
  return new Promise<Outcome<unknown>>(resolve => {
    port.addEventListener('message', function hear({ data }: MessageEvent<{ id?: string; value: Outcome<unknown> }>) {
      if (data.id !== message.id) return
      port.removeEventListener('message', hear)
      resolve(data.value)
    })
    port.start()
    port.postMessage(message)
  })
}

describe('through Comlink', () => {
  test.each<string[]>([
    ['constructor'],
    ['constructor', 'constructor'],
    ['constructor', 'constructor', '()'],
    ['constructor', 'new'],
    ['__proto__'],
    ['__proto__', 'constructor', '()'],
    ['__defineGetter__', '()'],
    ['toString'],
    ['toString', '()'],
    ['hasOwnProperty', '()'],
    ['valueOf', '()'],
    ['isPrototypeOf', '()'],
    ['stats'],
    ['stats', 'constructor', '()'],
    ['stats', 'call', '()'],
    ['stats', 'new'],
    ['attach', 'prototype'],
    ['new'],
    ['()'],
  ])('nobody reaches %s %s %s', async (...path) => {
    const remote = wrap(openPort(newScope())) as unknown as Evil
    expect(await reach(remote, ...path)).toMatchObject(refusal)
  })

  test('nobody sets a member, releases the broker or makes another end', async () => {
    const scope = newScope()
    const { line, channel, payloads } = await openJoined({ scope })
    const port = openPort(scope)
    const remote = wrap(port) as unknown as Record<string, unknown>
    expect(Reflect.set(remote, 'stats', 'overwritten')).toBe(true)
    for (const type of ['SET', 'RELEASE', 'ENDPOINT'])
      expect(await answerTo(port, { id: type, type, path: ['stats'], value: { type: 'RAW', value: 1 } })).toMatchObject(
        refusal,
      )
    // Answered as ever: neither overwritten nor released.
    const argumentList = [{ type: 'RAW', value: 'an older epoch' }]
    const answer = await answerTo(port, { id: 'stats', type: 'APPLY', path: ['stats'], argumentList })
    expect(answer).toMatchObject({ ok: false, error: { code: 'stale-epoch' } })
    await channel.request('said', 1)
    await vi.waitUntil(() => payloads.length === 1)
    expect((await line.stats()).rejectedMessages).toBe(4)
  })

  test('an argument that would be revived as a proxy or thrown is refused', async () => {
    const port = openPort(newScope())
    for (const name of ['proxy', 'throw']) {
      const value = name === 'proxy' ? {} : { isError: false, value: 'thrown' }
      const argumentList = [{ type: 'HANDLER', name, value }]
      expect(await answerTo(port, { id: name, type: 'APPLY', path: ['stats'], argumentList })).toMatchObject(refusal)
    }
  })
})

describe('a port that sends garbage to a real SharedWorker', () => {
  test('gets errors, and the tabs beside it go on', async () => {
    const scope = newScope()
    const { line, channel, payloads } = await openJoined({ scope })
    let sent = 0
    await fc.assert(
      fc.asyncProperty(fc.array(hostileMessages(METHODS), { maxLength: MAX_REJECTED - 2 }), async messages => {
        const port = openPort(scope)
        for (const message of messages) port.postMessage(message)
        const last = await answerTo(port, { id: 'last', type: 'APPLY', path: ['fly'], argumentList: [] })
        expect(last).toMatchObject({ ok: false, error: { code: 'unknown-method' } })
        await channel.request('said', ++sent)
        port.close()
      }),
      { numRuns: 15 },
    )
    await vi.waitUntil(() => payloads.length === sent)
    expect(payloads).toEqual(Array.from({ length: sent }, (_, index) => index + 1))
    expect((await line.stats()).sessions.attached).toBe(1)
    expect(line.status).toBe('open')
  })

  test('is heard no more after maxRejectedMessages', async () => {
    const scope = newScope()
    const { line, channel } = await openJoined({ scope })
    const port = openPort(scope)
    const [garbage] = fc.sample(anythingCloneable, { numRuns: 1, seed: 1 })
    for (let n = 0; n < 2 * MAX_REJECTED; n++) port.postMessage({ garbage })
    await vi.waitUntil(async () => (await line.stats()).rejectedMessages >= MAX_REJECTED)
    await channel.request('said', 'still here')
    expect((await line.stats()).rejectedMessages).toBe(MAX_REJECTED)
  })
})

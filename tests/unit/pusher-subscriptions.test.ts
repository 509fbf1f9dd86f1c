import { describe, expect, test } from 'vitest'
import { deferred } from '../../src/lib/index.ts'
import type { ChannelAnswer } from '../../src/worker/transports/pusher-answers.ts'
import { Subscriptions } from '../../src/worker/transports/pusher-subscriptions.ts'
import { UpstreamError } from '../../src/worker/upstream/transport.ts'

const REFUSED = new UpstreamError('refused', 'not for you')
const GONE = new UpstreamError('network', 'gone')
const never = new AbortController().signal

function subscriptions() {
  const sent: string[] = []
  const authorising: ReturnType<typeof deferred<ChannelAnswer | undefined>>[] = []
  const table = new Subscriptions({
    authorise() {
      const answer = deferred<ChannelAnswer | undefined>()
      authorising.push(answer)
      return answer.promise
    },
    subscribe: channel => sent.push(`+${channel}`),
    unsubscribe: channel => sent.push(`-${channel}`),
  })
  return { table, sent, authorise: (nth = 0) => authorising[nth]?.resolve(undefined), authorising }
}

const settled = (): Promise<void> => new Promise(resolve => setTimeout(resolve))

describe('joining', () => {
  test('resolves with what the server says after it was asked, not before', async () => {
    const { table, sent, authorise } = subscriptions()
    let isJoined = false
    const joining = table.join('a', never).then(() => (isJoined = true))
    expect(table.confirmed('a')).toBe(false)
    authorise()
    await settled()
    expect([sent, isJoined]).toEqual([['+a'], false])
    expect(table.confirmed('a')).toBe(true)
    await joining
  })

  test('a refusal rejects, is not left, and is asked anew the next time', async () => {
    const { table, sent, authorise } = subscriptions()
    const joining = table.join('a', never)
    authorise()
    await settled()
    table.refused('a', REFUSED)
    await expect(joining).rejects.toBe(REFUSED)
    table.leave('a')
    void table.join('a', never)
    authorise(1)
    await settled()
    expect(sent).toEqual(['+a', '+a'])
  })

  test('what was left while the app was asked is not asked for', async () => {
    const { table, sent, authorise } = subscriptions()
    const joining = table.join('a', never)
    table.leave('a')
    await expect(joining).rejects.toMatchObject({ kind: 'network' })
    authorise()
    await settled()
    expect(sent).toEqual([])
  })

  test('one that nobody waits for any longer is left, so that it can be joined again', async () => {
    const { table, sent, authorise } = subscriptions()
    const abort = new AbortController()
    const joining = table.join('a', abort.signal)
    authorise()
    await settled()
    abort.abort(GONE)
    await expect(joining).rejects.toBe(GONE)
    expect(sent).toEqual(['+a', '-a'])
  })

  test('one that is given up before it has begun rejects, and asks for nothing', async () => {
    const { table, sent, authorise } = subscriptions()
    await expect(table.join('a', AbortSignal.abort(GONE))).rejects.toBe(GONE)
    authorise()
    await settled()
    expect(sent).toEqual([])
  })

  test('the end of the connection rejects whatever is under way, and leaves nothing', async () => {
    const { table, sent, authorise } = subscriptions()
    const joining = [table.join('a', never), table.join('b', never)]
    authorise()
    await settled()
    table.end(GONE)
    for (const one of joining) await expect(one).rejects.toBe(GONE)
    expect(sent).toEqual(['+a'])
    expect(table.has('a')).toBe(false)
  })
})

describe('using', () => {
  test('waits for the join, keeps the order, and leaves a channel that nobody wants', async () => {
    const { table, sent, authorise } = subscriptions()
    const uses = [1, 2, 3].map(n => table.use('a', never, () => sent.push(`use ${n}`)))
    authorise()
    await settled()
    table.confirmed('a')
    await Promise.all(uses)
    expect(sent).toEqual(['+a', 'use 1', 'use 2', 'use 3', '-a'])
  })

  test('keeps a channel that is wanted by then', async () => {
    const { table, sent, authorise } = subscriptions()
    const use = table.use('a', never, () => sent.push('use'))
    const joining = table.join('a', never)
    authorise()
    await settled()
    table.confirmed('a')
    await Promise.all([use, joining])
    await table.use('a', never, () => sent.push('again'))
    expect(sent).toEqual(['+a', 'use', 'again'])
    expect(table.wantedAs('a')).toEqual(['a'])
  })

  test('throws at once what it throws where the channel is joined', async () => {
    const { table, authorise } = subscriptions()
    const joining = table.join('a', never)
    authorise()
    await settled()
    table.confirmed('a')
    await joining
    const fail = (): void => {
      throw GONE
    }
    expect(() => table.use('a', never, fail)).toThrow(GONE)
  })
})

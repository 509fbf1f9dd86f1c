import { describe, expect, test } from 'vitest'
import { abortable } from '../../src/client/abortable.ts'

describe('what can be aborted', () => {
  test('does not start when a signal has aborted before', async () => {
    let started = false
    const reason = new Error('too late')
    const result = abortable([undefined, AbortSignal.abort(reason)], async () => {
      started = true
    })
    await expect(result).rejects.toBe(reason)
    expect(started).toBe(false)
  })

  test('rejects with the reason of the signal that aborts first', async () => {
    const [first, second] = [new AbortController(), new AbortController()]
    const result = abortable([first.signal, second.signal], () => new Promise(() => undefined))
    second.abort('second')
    first.abort('first')
    await expect(result).rejects.toBe('second')
  })

  test('tells when it is settled, so that nothing is left behind', async () => {
    let done: AbortSignal | undefined
    await abortable([], async until => {
      done = until
      expect(until.aborted).toBe(false)
    })
    expect(done?.aborted).toBe(true)
  })
})

import { expect, test } from 'vitest'
import { PartylineError } from '../../src/protocol/index.ts'
import { WorkQueue } from '../../src/outbox/work-queue.ts'

/** A queue that notes what ran in which transaction. */
function openQueue() {
  const transactions: string[][] = []
  const queue = new WorkQueue<string[]>(async use => {
    const ran: string[] = []
    transactions.push(ran)
    await use(ran)
  })
  const doIt = (name: string) =>
    queue.do(async ran => {
      ran.push(name)
      return name
    })
  return { queue, transactions, doIt }
}

test('what is asked in one tick shares a transaction, in order', async () => {
  const { transactions, doIt } = openQueue()
  expect(await Promise.all(['a', 'b', 'c'].map(doIt))).toEqual(['a', 'b', 'c'])
  await doIt('d')
  expect(transactions).toEqual([['a', 'b', 'c'], ['d']])
})

test('what is asked while a transaction runs comes into the next one', async () => {
  const { queue, transactions, doIt } = openQueue()
  const later: Promise<string>[] = []
  await queue.do(async ran => {
    ran.push('a')
    later.push(doIt('b'), doIt('c'))
  })
  await Promise.all(later)
  expect(transactions).toEqual([['a'], ['b', 'c']])
})

test('a job that fails fails alone', async () => {
  const { queue, transactions, doIt } = openQueue()
  const outcomes = await Promise.allSettled([doIt('a'), queue.do(() => Promise.reject(new Error('no'))), doIt('b')])
  expect(outcomes).toMatchObject([{ value: 'a' }, { reason: { message: 'no' } }, { value: 'b' }])
  expect(transactions).toEqual([['a', 'b']])
})

test('all jobs of a transaction that fails have failed, and the next one runs', async () => {
  let isBroken = true
  const queue = new WorkQueue<undefined>(async use => {
    await use(undefined)
    if (isBroken) throw new Error('aborted')
  })
  const outcomes = await Promise.allSettled([
    queue.do(() => Promise.resolve(1)),
    queue.do(() => Promise.reject(new Error('no'))),
  ])
  expect(outcomes).toMatchObject([{ reason: { message: 'aborted' } }, { reason: { message: 'aborted' } }])
  isBroken = false
  expect(await queue.do(() => Promise.resolve(2))).toBe(2)
})

test('where there is no room for all together, there may be room for some', async () => {
  const transactions: string[][] = []
  const queue = new WorkQueue<string[]>(async use => {
    const written: string[] = []
    transactions.push(written)
    await use(written)
    if (written.join('').length > 3) throw new PartylineError('storage-full', 'no room')
  })
  const write = (text: string) => queue.do(async written => written.push(text))
  const outcomes = await Promise.allSettled(['a', 'long', 'bc'].map(write))
  expect(outcomes).toMatchObject([{ value: 1 }, { reason: { code: 'storage-full' } }, { value: 1 }])
  expect(transactions).toEqual([['a', 'long', 'bc'], ['a'], ['long'], ['bc']])
})

test('a crowd is spread over several transactions', async () => {
  const { transactions, doIt } = openQueue()
  await Promise.all(Array.from({ length: 1_201 }, (_, index) => doIt(String(index))))
  expect(transactions.map(({ length }) => length)).toEqual([500, 500, 201])
  expect(transactions.flat()).toEqual(Array.from({ length: 1_201 }, (_, index) => String(index)))
})

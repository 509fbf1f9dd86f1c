import { expect, test } from 'vitest'
import { chooseHost, type HostOption } from '../../src/client/hosts/host-choice.ts'
import type { Host, HostLink } from '../../src/client/hosts/host.ts'

const ADDRESS = { scope: 'ann', generation: 1 }
const SCRIPT = {
  protocol: { major: 1, minor: 0 },
  generation: 1,
  url: 'https://app.example/worker.js',
  type: 'module',
} as const

/** The three hosts of a browser, with a note of what was asked of each. */
function setUp({ lacks = [] }: { lacks?: readonly Host['name'][] } = {}) {
  const log: string[] = []
  const link = {} as HostLink
  const opened: unknown[] = []
  const option = (name: Host['name']): HostOption => ({
    name,
    isThere: !lacks.includes(name),
    load() {
      log.push(`load ${name}`)
      return {
        name,
        open: async (...args) => {
          log.push(`open ${name}`)
          opened.push(args)
          return link
        },
        leave: () => void log.push(`leave ${name}`),
      }
    },
  })
  const choice = chooseHost([option('shared'), option('elected'), option('local')])
  const { signal } = new AbortController()
  const on = { address: ADDRESS, over: signal, move: () => void log.push('move') }
  return { choice, log, link, opened, signal, on, open: () => choice.open(ADDRESS, signal, SCRIPT) }
}

test.each<[readonly Host['name'][], Host['name']]>([
  [[], 'shared'],
  [['shared'], 'elected'],
  [['shared', 'elected'], 'local'],
])('without %j the best that is there is %s', async (lacks, name) => {
  const { choice, open, log } = setUp({ lacks })
  expect(choice.name).toBe(name)
  await open()
  expect(log).toEqual([`load ${name}`, `open ${name}`])
})

test('a host is loaded once, and opened with all that it is told', async () => {
  const { open, log, opened, link, signal } = setUp()
  expect(await open()).toBe(link)
  await open()
  expect(log).toEqual(['load shared', 'open shared', 'open shared'])
  expect(opened[0]).toEqual([ADDRESS, signal, SCRIPT])
})

test('one that never worked is given up with its second failure in a row, and left', async () => {
  const { choice, open, log } = setUp()
  await open()
  choice.failed()
  expect(choice.name).toBe('shared')
  choice.failed()
  expect(choice.name).toBe('elected')
  await open()
  expect(log).toEqual(['load shared', 'open shared', 'leave shared', 'load elected', 'open elected'])
})

test('one that has worked is given up after three failures in a row', async () => {
  const { choice, open, on } = setUp()
  await open()
  choice.worked(on)
  choice.failed()
  choice.failed()
  expect(choice.name).toBe('shared')
  choice.worked(on)
  choice.failed()
  choice.failed()
  expect(choice.name).toBe('shared')
  choice.failed()
  expect(choice.name).toBe('elected')
})

test('what the one before had earned does not count for the next', async () => {
  const { choice, open, on } = setUp()
  await open()
  choice.worked(on)
  for (let failures = 0; failures < 3; failures++) choice.failed()
  expect(choice.name).toBe('elected')
  choice.failed()
  choice.failed()
  expect(choice.name).toBe('local')
})

test('after the last the first is tried again: what failed may have been the network', async () => {
  const { choice, open, log } = setUp()
  for (let failures = 0; failures < 6; failures++) {
    await open()
    choice.failed()
  }
  expect(choice.name).toBe('shared')
  await open()
  expect(log.filter(entry => entry === 'load shared')).toHaveLength(2)
})

test('a failure before anything was opened moves on all the same', () => {
  const { choice } = setUp()
  choice.failed()
  choice.failed()
  expect(choice.name).toBe('elected')
})

test('leaving goes to the host that is in use, if any', async () => {
  const { choice, open, log } = setUp()
  choice.leave()
  await open()
  choice.leave()
  expect(log).toEqual(['load shared', 'open shared', 'leave shared'])
})

test('a host that cannot be loaded fails the attempt, and is tried again with the next', async () => {
  let loads = 0
  const choice = chooseHost([
    {
      name: 'elected',
      isThere: true,
      load() {
        loads++
        return Promise.reject(new Error('no network'))
      },
    },
  ])
  const { signal } = new AbortController()
  await expect(choice.open(ADDRESS, signal)).rejects.toThrow('no network')
  await expect(choice.open(ADDRESS, signal)).rejects.toThrow('no network')
  expect(loads).toBe(2)
})

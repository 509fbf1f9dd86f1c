import { expect, onTestFinished, test, vi } from 'vitest'
import { linkNames } from '../../src/protocol/meeting.ts'
import { Links, type Link } from '../../src/worker/hosts/links.ts'

const address = { scope: 'ann', generation: 1 }
const MAX_LINKS = 3

function openLinks(): Links {
  return new Links(address, MAX_LINKS)
}

function open(links: Links, id: string): Link {
  const link = links.open(id)
  if (link === undefined) throw new Error(`link ${id} was not opened`)
  onTestFinished(() => link.control.close())
  return link
}

/** The tab's end of a link. */
function tabEnd(id: string) {
  const names = linkNames(address, id)
  const control = new BroadcastChannel(names.control)
  const data = new BroadcastChannel(names.data)
  const heard: unknown[] = []
  for (const channel of [control, data]) {
    channel.addEventListener('message', event => heard.push(event.data))
    onTestFinished(() => channel.close())
  }
  return { control, data, heard }
}

test('what is said on a link reaches only the two ends', async () => {
  const links = openLinks()
  const [one, other] = [tabEnd('one'), tabEnd('other')]
  open(links, 'other').control.postMessage('to the other')
  const link = open(links, 'one')
  const heard: unknown[] = []
  link.control.addEventListener('message', ({ data }) => heard.push(data))
  link.data.postMessage('to one')
  one.control.postMessage('to the broker')
  await vi.waitUntil(() => heard.length + one.heard.length + other.heard.length === 3)
  expect([heard, one.heard, other.heard]).toEqual([['to the broker'], ['to one'], ['to the other']])
})

test('a link that is open is not opened again', () => {
  const links = openLinks()
  open(links, 'one')
  expect(links.open('one')).toBeUndefined()
})

test('a broker that closes one end has closed both, and may still say goodbye in the same turn', async () => {
  const links = openLinks()
  const tab = tabEnd('one')
  const { control, data } = open(links, 'one')
  data.close()
  data.postMessage('swallowed')
  control.postMessage('goodbye')
  await vi.waitUntil(() => links.size === 0)
  control.postMessage('swallowed')
  await vi.waitUntil(() => tab.heard.length > 0)
  expect(tab.heard).toEqual(['goodbye'])
  open(links, 'two').control.close()
  expect(links.size).toBe(0)
})

test('a tab that says that it is gone ends its link, unheard by the broker', async () => {
  const links = openLinks()
  const { control } = open(links, 'one')
  const heard: unknown[] = []
  control.addEventListener('message', ({ data }) => heard.push(data))
  const tab = tabEnd('one')
  tab.control.postMessage('last words')
  tab.control.postMessage({ type: 'partyline:gone' })
  await vi.waitUntil(() => links.size === 0)
  expect(heard).toEqual(['last words'])
})

test('the number of links is bounded: one that was never used makes room, one that was does not', async () => {
  const links = openLinks()
  const heard: unknown[] = []
  const openAndUse = async (id: string): Promise<void> => {
    open(links, id).control.addEventListener('message', ({ data }) => heard.push(data))
    tabEnd(id).control.postMessage(id)
    await vi.waitUntil(() => heard.includes(id))
  }
  await openAndUse('one')
  open(links, 'unused')
  await openAndUse('two')
  await openAndUse('in place of the unused one')
  expect(links.size).toBe(MAX_LINKS)
  expect(links.open('four')).toBeUndefined()
})

import { expect } from 'vitest'
import { changed, NOBODY } from '../../../../src/worker/routing/members.ts'
import { waitFor } from '../../line/wait-for.ts'
import type { Case } from '../case.ts'
import type { RigTab } from '../rig.ts'

/** Who is in a channel. */
export const presence: readonly Case[] = [
  {
    name: 'presence: whoever comes is told with a state, and whoever goes',
    needs: ['presence', 'a channel with presence'],
    async run({ server, openLink }) {
      const { presence: channel = '' } = server.channels
      const { members } = await openLink(channel)
      const guest = await server.enter?.({ name: 'Ann' })
      await waitFor(() => members(channel).has(guest?.id ?? ''), 'the guest')
      expect(JSON.stringify(members(channel).get(guest?.id ?? ''))).toContain('"Ann"')
      await guest?.leave()
      await waitFor(() => !members(channel).has(guest?.id ?? ''), 'the end of the visit')
    },
  },
  {
    name: 'presence: a late tab has all members at once, and after a cut each still knows who is there',
    needs: ['presence', 'a channel with presence'],
    async run({ server, line }) {
      const { presence: channel = '' } = server.channels
      const { openTab } = line()
      const wanted = [{ channel, presence: true }]
      const early = await openTab({ wanted })
      await early.notice('subscription', ({ state }) => state === 'joined')
      const staying = await server.enter?.({ name: 'Ann' })
      const { id = '' } = staying ?? {}
      await waitFor(() => membersOf(early).has(id), 'the guest')
      const late = await openTab({ wanted })
      const { change } = await late.notice('presence')
      expect(change).toMatchObject({ kind: 'state' })
      expect([...membersOf(late).keys()]).toEqual([...membersOf(early).keys()])
      const offline = early.hears('offline')
      await server.cut()
      await offline
      const newcomer = await server.enter?.({ name: 'Bob' })
      for (const tab of [early, late]) await waitFor(() => membersOf(tab).has(newcomer?.id ?? ''), 'the newcomer')
      await newcomer?.leave()
      for (const tab of [early, late]) await waitFor(() => !membersOf(tab).has(newcomer?.id ?? ''), 'the end of it')
    },
  },
  {
    name: 'presence: a state of one’s own is told, replaced and taken back',
    needs: ['own presence', 'a channel with presence'],
    async run({ server, openLink }) {
      const { presence: channel = '' } = server.channels
      const [own, witness] = [await openLink(channel), await openLink(channel)]
      const seen = (): string => JSON.stringify([...witness.members(channel).values()])
      await own.link.track?.(channel, 'tab-1', { name: 'Cleo' })
      await waitFor(() => seen().includes('"Cleo"'), 'the state')
      await own.link.track?.(channel, 'tab-1', { name: 'Dora' })
      await waitFor(() => seen().includes('"Dora"') && !seen().includes('"Cleo"'), 'the new state')
      own.link.untrack?.(channel, 'tab-1')
      own.link.untrack?.(channel, 'tab-2')
      await waitFor(() => !seen().includes('"Dora"'), 'the end of the state')
    },
  },
  {
    name: 'presence: what a tab has told of itself is told again after a cut, and ends with the tab',
    needs: ['own presence', 'a channel with presence'],
    async run({ server, openLink, line }) {
      const { presence: channel = '' } = server.channels
      const tab = await line().joinedTab(channel)
      await tab.ask({ op: 'track', channel, state: { name: 'Emil' } })
      const watcher = async (): Promise<() => string> => {
        const { members } = await openLink(channel)
        return () => JSON.stringify([...members(channel).values()])
      }
      const before = await watcher()
      await waitFor(() => before().includes('"Emil"'), 'the state')
      const open = tab.hears('open')
      await server.cut()
      await open
      const after = await watcher()
      await waitFor(() => after().includes('"Emil"'), 'the state again')
      tab.close()
      await waitFor(() => !after().includes('"Emil"'), 'the end of the state')
    },
  },
]

function membersOf(tab: RigTab): ReadonlyMap<string, unknown> {
  return tab.notices('presence').reduce((known, { change }) => changed(known, change), NOBODY)
}

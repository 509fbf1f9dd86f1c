import { expect } from 'vitest'
import { waitFor } from '../../line/wait-for.ts'
import type { Case } from '../case.ts'

/** Longer than the time by which the broker asks for new ones ahead of their expiry. */
const SHORT_LIVED_MS = 10_500

/** Who the line is, while it is open. */
export const credentials: readonly Case[] = [
  {
    name: 'credentials renewed: reach the open connection, which goes on',
    needs: ['renewal', 'renewed credentials'],
    async run({ server, openLink, channel }) {
      const { link, events, ofType } = await openLink(channel)
      const before = server.renewals?.().length ?? 0
      link.renew?.(server.credentials() ?? {})
      await waitFor(() => (server.renewals?.().length ?? 0) > before, 'the new credentials')
      await server.emit(channel, 'said', 'goes on')
      await waitFor(() => events(channel).length === 1, 'the event')
      expect(ofType('lost')).toEqual([])
    },
  },
  {
    name: 'credentials renewed: the line asks a tab ahead of their expiry, and nobody hears of a token',
    needs: ['renewal', 'renewed credentials'],
    async run({ server, line, channel }) {
      const { openTab, broker, host } = line({ credentialsTimeoutMs: 5_000 })
      const tab = await openTab({ wanted: [{ channel }] }, given => ({
        ...given,
        expiresAt: Date.now() + SHORT_LIVED_MS,
      }))
      await tab.notice('subscription', ({ state }) => state === 'joined')
      await waitFor(() => (server.renewals?.().length ?? 0) > 0, 'the new credentials')
      expect(tab.notices('status').map(({ status }) => status)).not.toContain('offline')
      const said = JSON.stringify([broker.stats(), host.errors, tab.items])
      for (const secret of tab.secrets()) expect(said).not.toContain(secret)
      expect(tab.secrets().length).toBeGreaterThan(1)
    },
  },
  {
    name: 'credentials: the token is in no figure, no error and no notice, also when it is refused',
    needs: ['refused credentials'],
    async run({ server, line, channel }) {
      server.refuseCredentials?.(true)
      const { openTab, broker, host } = line()
      const tab = await openTab({ wanted: [{ channel }] })
      await tab.notice('status', ({ reason }) => reason === 'credentials-refused')
      server.refuseCredentials?.(false)
      await tab.ask({ op: 'signal', signal: 'visible' })
      await tab.notice('subscription', ({ state }) => state === 'joined')
      const said = JSON.stringify([broker.stats(), host.errors.map(String), tab.items])
      expect(tab.secrets().length).toBeGreaterThan(0)
      for (const secret of tab.secrets()) expect(said).not.toContain(secret)
    },
  },
]

import type { Credentials, CredentialsOp, Hello, Item } from '../../../src/protocol/index.ts'
import type { BrokerOptions } from '../../../src/worker/index.ts'
import { startNodeLine, type NodeLine, type NodeTab } from '../line/node-line.ts'
import { waitFor } from '../line/wait-for.ts'
import { recordLink, type RecordedLink } from './recorded-link.ts'
import type { Subject, SubjectServer } from './subject.ts'

/** What a case works with: a fresh server, and the transport there both bare and under a broker. */
export interface Rig {
  readonly subject: Subject
  readonly server: SubjectServer
  /** Two channels that may be joined. */
  readonly channel: string
  readonly other: string
  /** A link that is not open yet. */
  link(): RecordedLink
  /** One that is open and has joined these channels. */
  openLink(...channels: string[]): Promise<RecordedLink>
  /** A broker with the transport, of which tabs give credentials where the server wants any. */
  line(options?: Partial<BrokerOptions>): RigLine
}

export interface RigLine {
  readonly broker: NodeLine['broker']
  readonly host: NodeLine['host']
  /** @param adapt what the tab makes of the credentials that the server has for it */
  openTab(hello?: Partial<Hello>, adapt?: Adapt): Promise<RigTab>
  /** A tab that has joined these channels. */
  joinedTab(...channels: string[]): Promise<RigTab>
}

export type Adapt = (credentials: Credentials) => Credentials

export interface RigTab extends NodeTab {
  /** What the tab sees of a channel, in order: payloads, and words of continuity. */
  story(channel: string): readonly unknown[]
  /** Resolves when the tab hears this, not counting what it had heard before the call. */
  hears(status: string, reason?: string): Promise<unknown>
  /** Resolves when the channel is joined now. */
  rejoined(channel: string): Promise<unknown>
  /** The texts in the credentials that the tab has given. */
  secrets(): readonly string[]
}

/** Quick to come back, and never tired of it. */
const QUICK: Partial<BrokerOptions> = {
  backoffBaseMs: 50,
  backoffMaxMs: 200,
  restartSpreadMs: 100,
  lingerMs: 20,
  idleMs: 100,
  connectTimeoutMs: 4_000,
  circuitFailures: 1_000,
}

const WITHIN_MS = 15_000

/** @param ends what is to be called when the case has ended, the last first */
export function createRig(subject: Subject, server: SubjectServer, ends: (() => unknown)[]): Rig {
  const { open: channel, other = `${channel}-2` } = server.channels

  function link(): RecordedLink {
    const recorded = recordLink(server)
    ends.push(() => recorded.link.close())
    return recorded
  }

  return {
    subject,
    server,
    channel,
    other,
    link,
    async openLink(...channels) {
      const recorded = link()
      await recorded.open()
      for (const one of channels) await recorded.join(one)
      return recorded
    },
    line(options) {
      const line = startNodeLine({ transport: server.transport(), ...QUICK, ...options })
      ends.push(() => line.close())
      const openTab: RigLine['openTab'] = (hello, adapt) => attach(line, server, hello, adapt)
      return {
        broker: line.broker,
        host: line.host,
        openTab,
        async joinedTab(...channels) {
          const tab = await openTab({ wanted: channels.map(one => ({ channel: one })) })
          for (const one of channels)
            await tab.notice('subscription', ({ channel: name, state }) => name === one && state === 'joined')
          return tab
        },
      }
    },
  }
}

async function attach(
  line: NodeLine,
  server: SubjectServer,
  hello: Partial<Hello> = {},
  adapt: Adapt = given => given,
): Promise<RigTab> {
  const given: Credentials[] = []
  const hasCredentials = server.credentials() !== undefined || server.authorise !== undefined
  const tab = await line.openTab({ hasCredentials, ...hello }, (item, ask) => {
    // It may have been closed by then.
    if (isWish(item))
      void answer(item)
        .then(ask)
        .catch(() => undefined)
  })

  async function answer({ id, request }: Wish): Promise<CredentialsOp> {
    const credentials = request === undefined ? server.credentials() : await server.authorise?.(request)
    if (credentials === undefined) return { op: 'credentials', id }
    given.push(adapt(credentials))
    return { op: 'credentials', id, credentials: given.at(-1) }
  }

  return {
    ...tab,
    story(channel) {
      const ref = tab.notices('subscription').findLast(one => one.channel === channel)?.ref
      return tab.items.flatMap(item => {
        if (Array.isArray(item)) return item[0] === ref ? [item[2]] : []
        return 'verdict' in item && item.ref === ref ? [item.verdict] : []
      })
    },
    hears(status, reason) {
      const before = tab.notices('status').length
      return waitFor(
        () =>
          tab
            .notices('status')
            .slice(before)
            .find(one => one.status === status && (reason === undefined || one.reason === reason)),
        `status ${status}`,
        WITHIN_MS,
      )
    },
    rejoined: channel =>
      waitFor(
        () => tab.notices('subscription').findLast(one => one.channel === channel)?.state === 'joined',
        `the join of ${channel}`,
        WITHIN_MS,
      ),
    secrets: () => given.flatMap(one => Object.values(one)).filter(value => typeof value === 'string'),
  }
}

type Wish = Extract<Item, { readonly type: 'credentials-wanted' }>

function isWish(item: Item): item is Wish {
  return 'type' in item && item.type === 'credentials-wanted'
}

import { nodeBrowser, type NodeBrowser, type NodeBrowserOptions, type NodePage } from './node-browser.ts'
import { waitFor } from './wait-for.ts'

export const CHANNELS = ['orders', 'floor'] as const
export type ChannelName = (typeof CHANNELS)[number]

/** What a tab heard in each channel: events' numbers, and words of continuity. */
export type Story = { readonly [channel in ChannelName]: readonly unknown[] }

export interface Tab {
  readonly page: NodePage
  readonly story: Story
}

export interface TabbedBrowser extends NodeBrowser {
  readonly tabs: readonly Tab[]
  /** How many events there were in each channel. */
  readonly sent: Readonly<Record<ChannelName, number>>
  open(url?: string): Tab
  /** The server sends the channel's next event: its payload is its number. */
  emit(channel: ChannelName): void
  /** The last event of each channel has come to these tabs. */
  caughtUp(tabs?: readonly Tab[]): Promise<unknown>
  /** These tabs have been told a mark behind the last event. */
  marked(tabs?: readonly Tab[]): Promise<unknown>
  /** All these tabs are attached to the broker that started last, and it has joined what they want. */
  settled(tabs?: readonly Tab[]): Promise<unknown>
}

/** A browser whose brokers' clocks run five times as fast, with tabs that listen to two channels. */
export async function tabbedBrowser(count: number, options: NodeBrowserOptions = {}): Promise<TabbedBrowser> {
  const browser = nodeBrowser({
    speed: 5,
    ...options,
    // A poll between a tab's `suspend` and the end of its lock would take it for dead.
    broker: url => ({ livenessPollMs: 3_600_000, ...options.broker?.(url) }),
  })
  const sent = { orders: 0, floor: 0 }
  let last: string | undefined

  function open(url?: string): Tab {
    const page = browser.openPage(url)
    return { page, story: { orders: page.note('orders'), floor: page.note('floor') } }
  }

  function isMarked({ page }: Tab): boolean {
    const isTold = page.marks.at(-1)?.checkpoint?.['']?.position === last
    if (!isTold) page.look()
    return isTold
  }

  const tabs = Array.from({ length: count }, () => open())
  await Promise.all(tabs.map(joined))
  return {
    ...browser,
    tabs,
    sent,
    open,
    emit(channel) {
      last = browser.server.emit(channel, ++sent[channel])
    },
    marked: (of = tabs) => waitFor(() => of.every(isMarked), 'marks'),
    settled: (of = tabs) =>
      waitFor(() => {
        const { sessions, channels } = browser.brokers.findLast(({ isDead }) => !isDead)?.broker.stats() ?? {}
        return sessions?.attached === of.length && channels?.every(({ state }) => state === 'joined')
      }, 'all tabs and joins'),
    caughtUp: (of = tabs) =>
      waitFor(
        () => of.every(({ story }) => CHANNELS.every(name => sent[name] === 0 || story[name].includes(sent[name]))),
        `${JSON.stringify(sent)}, not only ${JSON.stringify(of.map(({ story }) => story))}`,
      ),
  }
}

export function joined({ page }: Tab): Promise<unknown> {
  return waitFor(() => CHANNELS.every(name => page.line.channel(name).state === 'joined'), 'the joins')
}

export const eventsOf = (story: readonly unknown[]): unknown[] => story.filter(word => typeof word === 'number')
export const wordsOf = (story: readonly unknown[]): unknown[] => story.filter(word => typeof word === 'string')
export const upTo = (last: number, first = 1): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index)

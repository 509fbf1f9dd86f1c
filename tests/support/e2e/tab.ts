import { expect, type BrowserContext, type Page } from '@playwright/test'
import type { Continuity, HostName } from '../../../src/client/index.ts'
import type { Entry } from '../app/main.ts'

export interface TabOptions {
  readonly appUrl: string
  readonly server: string
  readonly scope?: string
  /** Separated by commas. @default 'orders' */
  readonly channels?: string
  /** Whose worker the tab opens. @default 'first' */
  readonly deploy?: 'first' | 'next'
  /** Removes what a browser needs for the better hosts. @default 'shared' */
  readonly host?: HostName
}

export function tabUrl({ appUrl, ...query }: TabOptions): string {
  return `${appUrl}/?${new URLSearchParams({ ...query })}`
}

/** The scope that the page of this address has. */
export function scopeOf({ scope = 'ann', server }: TabOptions): string {
  return `${scope}@${server}`
}

/** The epochs of the brokers that these tabs are attached to; of those that are attached. */
export async function brokersOf(tabs: readonly Page[]): Promise<Set<string>> {
  const epochs = await Promise.all(
    tabs.map(tab =>
      tab.evaluate(() =>
        window.line.stats().then(
          ({ epoch }) => epoch,
          () => `none at ${location.href}`,
        ),
      ),
    ),
  )
  return new Set(epochs)
}

export function verdictsIn(ledger: readonly Entry[]): Continuity[] {
  return ledger.flatMap(entry => (entry.kind === 'continuity' ? [entry.continuity] : []))
}

/** A new tab whose channel is joined at the server. */
export async function openTab(context: BrowserContext, options: TabOptions): Promise<Page> {
  const page = await context.newPage()
  await page.goto(tabUrl(options))
  await joined(page)
  return page
}

export async function joined(page: Page): Promise<void> {
  await eventually(() => page.evaluate(() => window.line.channel('orders').state)).toBe('joined')
}

export function ledgerOf(page: Page): Promise<Entry[]> {
  return page.evaluate(() => window.ledger)
}

export function numbersIn(ledger: readonly Entry[]): number[] {
  return ledger.flatMap(entry => (entry.kind === 'event' ? [entry.n] : []))
}

/** Resolves once the tab has handled event `n`. Asked from outside, because a hidden page runs few of its own timers. */
export async function reached(page: Page, n: number): Promise<void> {
  await eventually(() => page.evaluate(() => window.ledger.findLast(entry => entry.kind === 'event')?.n)).toBe(n)
}

/** Expects of what is asked again and again, closely enough for what takes milliseconds. */
export function eventually<T>(probe: () => T | Promise<T>) {
  return expect.poll(probe, { intervals: [5, 10, 20, 50] })
}

/** Each event once and in order, without a hole. */
export function expectUnbroken(numbers: readonly number[]): void {
  const first = numbers[0] ?? 0
  expect(numbers).toEqual(numbers.map((_, index) => first + index))
}

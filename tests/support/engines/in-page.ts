import { eventually } from './eventually.ts'
import type { Tab } from './engine.ts'

/** Runs JavaScript in a page and resolves with the text that it gives, having awaited it. */
export type RunExpression = (expression: string) => Promise<unknown>

/** {@link Tab.evaluate} by way of text, so that values mean the same on every engine. */
export function evaluateBy(run: RunExpression): Tab['evaluate'] {
  return async (inPage, ...args) => {
    const result = `(async () => (${String(inPage)})(...${JSON.stringify(args)}))()`
    const text = await run(`${result}.then(value => JSON.stringify(value) ?? '')`)
    return text === '' ? undefined : JSON.parse(text as string)
  }
}

/**
 * Goes back from within the page: the commands of Playwright and Puppeteer wait for a load, which a page out of the
 * cache does not have.
 */
export async function goBack({ evaluate }: Pick<Tab, 'evaluate'>): Promise<void> {
  const left = await evaluate(() => {
    // The answer goes out before the page does.
    setTimeout(() => history.back())
    return location.href
  })
  await eventually(`the page before ${left}`, () =>
    evaluate(url => location.href !== url && document.readyState === 'complete', left),
  )
}

export function reachVisibility({ evaluate }: Pick<Tab, 'evaluate'>, wanted: DocumentVisibilityState): Promise<void> {
  return eventually(`a ${wanted} page`, () => evaluate(state => document.visibilityState === state, wanted))
}

import type { OutgoingText } from './frame-sender.ts'

/** How many runs are remembered: tabs that keep pace with each other are at most a few frames apart. */
const REMEMBERED = 4

/**
 * The JSON text of a run of events, made once for all the tabs that are sent the very same run one after the
 * other. Under load that is most of them, and it is what makes a burst to many tabs cheap.
 */
export class RunTexts {
  readonly #runs: { readonly run: readonly OutgoingText[]; readonly text: string }[] = []

  textOf(run: readonly OutgoingText[]): string {
    const known = this.#runs.find(other => isSame(other.run, run))
    if (known !== undefined) return known.text
    const text = `[${run.map(event => event.text).join(',')}]`
    this.#runs.unshift({ run, text })
    this.#runs.length = Math.min(this.#runs.length, REMEMBERED)
    return text
  }
}

/** Tabs with other subscriptions have other runs, though they may begin and end with the same events. */
function isSame(a: readonly OutgoingText[], b: readonly OutgoingText[]): boolean {
  return a.length === b.length && a.every((event, index) => event === b[index])
}

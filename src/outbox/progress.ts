import { MAX_PAGE } from './page.ts'

/** How far each page was acknowledged, for all contexts. */
export interface Progress {
  /**
   * Rises when a page was changed or has gone, as soon as there is room to note it: until then what is known of where
   * entries lie is true.
   */
  readonly version: number
  /** By the number of the page: the index of its first entry that is there still, where that is not the first of all. */
  readonly firsts: ReadonlyMap<number, number>
}

export const NO_PROGRESS: Progress = { version: 0, firsts: new Map() }

/** None, where something else lies in its place: what was acknowledged is sent again then, under its key. */
export function parseProgress(value: unknown): Progress {
  const { version, firsts } = Object(value) as { readonly [field in keyof Progress]?: unknown }
  const isRight =
    Number.isSafeInteger(version) &&
    firsts instanceof Map &&
    [...firsts].every(([seq, first]) => Number.isSafeInteger(seq) && first > 0 && first < MAX_PAGE)
  return isRight ? (value as Progress) : NO_PROGRESS
}

/** Each page as far as either says, as a newer version: others do not know of what has gone meanwhile. */
export function furthest({ version, firsts: stored }: Progress, more: Progress['firsts']): Progress {
  const firsts = new Map(stored)
  for (const [seq, first] of more) firsts.set(seq, Math.max(first, firsts.get(seq) ?? 0))
  return { version: version + 1, firsts }
}

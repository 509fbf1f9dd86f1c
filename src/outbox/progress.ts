/** How far each page was acknowledged, for all contexts. */
export interface Progress {
  /** Rises whenever a page was changed or has gone: until then what is known of where entries lie is true. */
  readonly version: number
  /** By the number of the page: the index of its first entry that is there still, where that is not the first of all. */
  readonly firsts: ReadonlyMap<number, number>
}

export const NO_PROGRESS: Progress = { version: 0, firsts: new Map() }

/** None, where something else lies in its place: what was acknowledged is sent again then, under its key. */
export function parseProgress(value: unknown): Progress {
  const { version, firsts } = Object(value) as { readonly [field in keyof Progress]?: unknown }
  const isRight =
    Number.isSafeInteger(version) && firsts instanceof Map && [...firsts].flat().every(Number.isSafeInteger)
  return isRight ? (value as Progress) : NO_PROGRESS
}

/** Each page as far as either says. */
export function further(progress: Progress, more: Progress['firsts']): Progress {
  if (more.size === 0) return progress
  const firsts = new Map(progress.firsts)
  for (const [seq, first] of more) firsts.set(seq, Math.max(first, firsts.get(seq) ?? 0))
  return { ...progress, firsts }
}

import type { Hello, Mark, Resume } from '../../protocol/index.ts'

/** Up to where a tab had handled what it took alone. */
export interface LastPlace extends Pick<Resume, 'one'> {
  readonly marks?: readonly Mark[] | undefined
}

/**
 * What tabs whose broker ended with them said of a channel to this one. Only those count that had the same broker:
 * another may have had another connection, and be ahead of what came over this one.
 */
export function lastWordsOn(
  channel: string,
  { marks, lastWords = [] }: Pick<Hello, 'marks' | 'lastWords'>,
): LastPlace[] {
  const epoch = marks?.at(-1)?.epoch
  return lastWords
    .filter(word => epoch !== undefined && word.marks?.at(-1)?.epoch === epoch)
    .flatMap(word =>
      word.wanted
        .filter(wanted => wanted.channel === channel)
        .map(({ resume }) => ({ one: resume?.one, marks: word.marks })),
    )
}

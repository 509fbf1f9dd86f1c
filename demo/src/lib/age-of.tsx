import { age } from './format.ts'
import { useNow } from './use-now.ts'

/** How long ago that was. Of its own, so that a passing second renders this and nothing else. */
export function AgeOf({ at }: { readonly at: number }) {
  const now = useNow()
  return <time dateTime={new Date(at).toISOString()}>{age(now - at)}</time>
}

import { promisifyRequest } from 'idb-keyval'

/** Why an entry is here no more that was not acknowledged. */
export type Departure = 'dropped' | 'replaced'

interface Gone {
  readonly why: Departure
  /** In milliseconds since 1970. */
  readonly at: number
}

/** For this long it is remembered, for tabs that still ask for it. */
const REMEMBER_MS = 24 * 60 * 60 * 1000

/** Remembers only that there was one of this key. */
export async function remember(records: IDBObjectStore, key: string, gone: Gone): Promise<void> {
  await promisifyRequest(records.put(gone, ['gone', key]))
}

export async function departureOf(records: IDBObjectStore, key: string): Promise<Departure | undefined> {
  return parseGone(await promisifyRequest<unknown>(records.get(['gone', key])))?.why
}

/** Forgets what nobody will ask any more. */
export async function forgetOld(records: IDBObjectStore, now: number): Promise<void> {
  const request = records.openCursor(IDBKeyRange.bound(['gone'], ['gone', []]))
  for (let cursor = await promisifyRequest(request); cursor !== null; cursor = await promisifyRequest(request)) {
    if ((parseGone(cursor.value)?.at ?? -Infinity) < now - REMEMBER_MS) cursor.delete()
    cursor.continue()
  }
}

/** `undefined` where there is none, or something else in its place. */
function parseGone(value: unknown): Gone | undefined {
  const { why, at } = Object(value) as { readonly [field in keyof Gone]?: unknown }
  const isRight = (why === 'dropped' || why === 'replaced') && Number.isFinite(at)
  return isRight ? (value as Gone) : undefined
}

/** Of Background Sync: there is something in an outbox. */
export const SYNC_TAG = 'partyline-outbox'

/** What a page tells the app's service worker. */
export type PageMessage =
  /** Whose line this page has; without a scope: nobody's (any more). */
  | { readonly type: 'partyline:scope'; readonly scope?: string | undefined }
  /** There may be something to do: look. */
  | { readonly type: 'partyline:nudge' }

/** What the service worker asks a page. A port comes with it; the answer is a {@link ScopeAnswer}. */
export interface ScopeQuestion {
  readonly type: 'partyline:whose'
}

export interface ScopeAnswer {
  readonly scope?: string | undefined
}

/** `undefined` for what is none of ours: an app says other things to its service worker, too. */
export function parsePageMessage(raw: unknown): PageMessage | undefined {
  const { type, scope } = fieldsOf(raw)
  if (type === 'partyline:nudge') return { type }
  if (type !== 'partyline:scope') return undefined
  return { type, scope: parseScope(scope) }
}

export function parseScopeAnswer(raw: unknown): ScopeAnswer {
  return { scope: parseScope(fieldsOf(raw)['scope']) }
}

export function isScopeQuestion(raw: unknown): raw is ScopeQuestion {
  return fieldsOf(raw)['type'] === 'partyline:whose'
}

function fieldsOf(raw: unknown): { readonly [field: string]: unknown } {
  return Object(raw) as { readonly [field: string]: unknown }
}

/** What is no scope is nobody's: nothing is kept for it. */
function parseScope(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

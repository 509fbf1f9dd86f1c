import type { MeetingNames } from '../../protocol/meeting.ts'

export interface CandidacyDeps {
  readonly names: MeetingNames
  /** Ends it: what was asked for is taken back, what is held is given up. */
  readonly left: AbortSignal
  /** This tab is elected, until what is returned resolves. */
  lead(): Promise<void>
  /** Another has taken the leadership by force. */
  deposed(): void
}

/**
 * Stands for election: waits for the leader's lock with all the others, so that the browser hands it over as soon
 * as the leader's tab is gone, however it went. Resolves when this tab has led and resigned; rejects when there is
 * no standing for election here.
 */
export async function standForElection(deps: CandidacyDeps): Promise<void> {
  const unmark = markWhileVisible(deps.names.visible)
  deps.left.addEventListener('abort', unmark)
  try {
    while ((await nextTurn(deps)) === 'stand again');
  } finally {
    deps.left.removeEventListener('abort', unmark)
    unmark()
  }
}

async function nextTurn({ names, left, lead, deposed }: CandidacyDeps): Promise<'stand again' | 'resigned'> {
  let isLeading = false
  try {
    return await navigator.locks.request(names.leader, { signal: left }, async () => {
      if (document.hidden && (await isPreferredElsewhere(names))) return 'stand again'
      if (left.aborted) return 'resigned'
      try {
        isLeading = true
        await lead()
      } finally {
        isLeading = false
      }
      return 'resigned'
    })
  } catch (error) {
    // A lock that is held already is lost only to somebody who steals it.
    if (!isLeading) throw error
    deposed()
    return 'stand again'
  }
}

async function isPreferredElsewhere(names: MeetingNames): Promise<boolean> {
  const snapshot = await navigator.locks.query().catch(() => ({}))
  return isAwaitedByVisible(snapshot, names)
}

/**
 * Whether a tab that is visible waits for the leadership: a hidden one leaves it to that tab, whose worker no browser
 * slows down. One that is elected and becomes hidden keeps it.
 */
export function isAwaitedByVisible(
  { held = [], pending = [] }: LockManagerSnapshot,
  { leader, visible }: MeetingNames,
): boolean {
  const visibleClients = new Set(held.filter(({ name }) => name === visible).map(({ clientId }) => clientId))
  return pending.some(({ name, clientId }) => name === leader && visibleClients.has(clientId))
}

/** A tab that has not heard within it that it should not wait any more hangs, or is frozen. */
const HEARD_WITHIN_MS = 1_000

/**
 * Resolves when none of the tabs that wait for the leadership now waits any more, and after a second at the latest. It
 * looks as often as the browser answers, which is some milliseconds in all: timers may stand still in a hidden page.
 */
export async function untilNobodyWaits({ leader }: MeetingNames): Promise<void> {
  const until = performance.now() + HEARD_WITHIN_MS
  const waiting = async (): Promise<(string | undefined)[]> => {
    const { pending = [] }: LockManagerSnapshot = await navigator.locks.query().catch(() => ({}))
    return pending.filter(({ name }) => name === leader).map(({ clientId }) => clientId)
  }
  const first = new Set(await waiting())
  while (performance.now() < until && (await waiting()).some(client => first.has(client)));
}

/** Holds a shared lock whenever this tab is visible, until the returned function is called. Idempotent. */
function markWhileVisible(name: string): () => void {
  let unmark = document.hidden ? ignore : holdShared(name)
  function changed(): void {
    unmark()
    unmark = document.hidden ? ignore : holdShared(name)
  }
  document.addEventListener('visibilitychange', changed)
  return () => {
    document.removeEventListener('visibilitychange', changed)
    unmark()
  }
}

function holdShared(name: string): () => void {
  let release = ignore
  const released = new Promise<void>(resolve => (release = resolve))
  // Without it this tab is one that nobody prefers.
  navigator.locks.request(name, { mode: 'shared' }, () => released).catch(ignore)
  return release
}

/** Nothing to release, or nobody to tell. */
function ignore(): void {}

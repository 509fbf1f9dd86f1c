import type { Kind } from '../../outbox/index.ts'

/** A lane among all of all scopes. */
export function laneId(scope: string, kind: Kind, lane: string): string {
  return JSON.stringify([scope, kind, lane])
}

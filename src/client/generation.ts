import { generationOf } from '../protocol/index.ts'

/**
 * The highest generation that tabs of this scope want; 0 where none is known. It stands in the leases that they hold,
 * so all tabs find the same one, and it is forgotten when the last of them goes.
 */
export async function agreedGeneration(scope: string): Promise<number> {
  // Not there in insecure contexts, whatever the type says, and refused in sandboxed frames.
  const locks = await (navigator.locks as LockManager | undefined)?.query().catch(() => undefined)
  return Math.max(0, ...(locks?.held ?? []).map(({ name = '' }) => generationOf(name, scope) ?? 0))
}

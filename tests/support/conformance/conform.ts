import { onTestFinished, test } from 'vitest'
import { notOffered, type Case } from './case.ts'
import { createRig } from './rig.ts'
import type { Subject } from './subject.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** Of a case of the conformance suite. */
    transport?: string
    /** What the transport or its server would need for this case; the stage tells it (scripts/test/contract.mjs). */
    notOffered?: string
  }
}

/** The fuzzer loses its connection again and again. */
const LIMIT_MS = 60_000

/** Runs a transport through all cases, each at a server of its own. */
export function conform(subject: Subject, cases: readonly Case[]): void {
  test.for(cases.map(one => [one.name, one] as const))('%s', { timeout: LIMIT_MS }, async ([, one], context) => {
    context.task.meta.transport = subject.name
    const server = await subject.start()
    const ends: (() => unknown)[] = [() => server.close()]
    onTestFinished(async () => {
      for (const end of ends.toReversed()) await end()
    })
    const missing = notOffered(one, server)
    if (missing !== undefined) {
      context.task.meta.notOffered = missing
      context.skip(`not offered: ${missing}`)
    }
    await one.run(createRig(subject, server, ends))
  })
}

import type { TestProject } from 'vitest/node'
import { createConsumer } from './create-consumer.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The folder of an app that has the packed package installed. */
    readonly consumer: string
  }
}

export default async function globalSetup(project: TestProject): Promise<() => Promise<void>> {
  const consumer = await createConsumer()
  project.provide('consumer', consumer.folder)
  return consumer.remove
}

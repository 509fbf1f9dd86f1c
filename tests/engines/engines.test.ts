import { afterAll, beforeAll, describe, test, type TestContext } from 'vitest'
import { inRoot } from '../../scripts/lib/paths.mjs'
import { serveFolder, type FolderServer } from '../support/e2e/serve-folder.ts'
import type { Engine } from '../support/engines/engine.ts'
import { engineKinds } from '../support/engines/engines.ts'
import { runScenario } from '../support/engines/scenario.ts'
import { scenarios } from './scenarios/index.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** Why the engine was not asked for this scenario; the stage tells it (scripts/test/engines.mjs). */
    notRun?: string
  }
}

const appUrl = process.env['PARTYLINE_APP_URL'] ?? ''
let away: FolderServer

beforeAll(async () => {
  away = await serveFolder(inRoot('tests/support/engines/away'))
})

afterAll(() => away.close())

describe.each(engineKinds.map(kind => [kind.name, kind] as const))('%s', (_, kind) => {
  let engine: Engine | undefined

  afterAll(() => engine?.close())

  /** A new browser after a failure, so that it spoils no other scenario. */
  async function browserFor({ onTestFinished }: TestContext): Promise<Engine> {
    const current = (engine ??= await kind.start())
    onTestFinished(async ({ task }) => {
      if (kind.isReusable && task.result?.state === 'pass') return
      engine = undefined
      await current.close()
    })
    return current
  }

  test.for(scenarios.map(scenario => [scenario.name, scenario] as const))(
    '%s',
    async ([, { needs = [], run }], context) => {
      const notRun = needs.map(ability => kind.can[ability]).find(answer => answer !== true)
      if (notRun !== undefined) {
        context.task.meta.notRun = notRun
        context.skip(notRun)
      }
      await runScenario(run, await browserFor(context), { appUrl, awayUrl: `${away.url}/` })
    },
  )
})

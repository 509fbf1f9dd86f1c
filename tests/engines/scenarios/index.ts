import type { Scenario } from '../../support/engines/scenario.ts'
import { hostScenarios } from './hosts.ts'
import { lineScenarios } from './line.ts'
import { offlineScenarios } from './offline.ts'
import { pageScenarios } from './pages.ts'
import { serverScenarios } from './server.ts'
import { tabScenarios } from './tabs.ts'

/** What every engine goes through, in this order. */
export const scenarios: readonly Scenario[] = [
  ...tabScenarios,
  ...pageScenarios,
  ...serverScenarios,
  ...lineScenarios,
  ...hostScenarios,
  ...offlineScenarios,
]

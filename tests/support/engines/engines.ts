import { wantedEngines } from '../../../scripts/setup/engine-names.mjs'
import { chromium } from './chromium.ts'
import type { EngineKind, EngineName } from './engine.ts'
import { firefox } from './firefox.ts'
import { webkit } from './webkit.ts'

const kinds: Readonly<Record<EngineName, EngineKind>> = { chromium, firefox, webkit }

/** The engines that this run is for. */
export const engineKinds: readonly EngineKind[] = wantedEngines().map(name => kinds[name])

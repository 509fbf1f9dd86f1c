import type { LaunchOptions } from 'playwright'
import { chromiumArgs } from '../../scripts/setup/chromium-args.mjs'
import { findChromium } from '../../scripts/setup/find-chromium.mjs'

/**
 * How tests start Chromium: the installed one, headless. `overrides` win, their `args` are added; lifecycle tests
 * take Playwright's own flags away with `ignoreDefaultArgs`.
 */
export function chromiumLaunchOptions({ args = [], ...overrides }: LaunchOptions = {}): LaunchOptions {
  const executablePath = findChromium()
  return {
    headless: true,
    ...(executablePath === undefined ? {} : { executablePath }),
    args: [...chromiumArgs, ...args],
    ...overrides,
  }
}

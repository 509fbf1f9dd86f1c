import { defineConfig } from '@playwright/test'
import { chromiumLaunchOptions } from './tests/support/chromium.ts'

const CHAOS = '**/*chaos.spec.ts'

export default defineConfig({
  testDir: 'tests/e2e',
  testMatch: '**/*.spec.ts',
  outputDir: '.cache/e2e-results',
  globalSetup: './tests/support/e2e/global-setup.ts',
  reporter: 'list',
  workers: 1,
  retries: 0,
  timeout: 30_000,
  use: { launchOptions: chromiumLaunchOptions() },
  projects: [
    { name: 'e2e', testIgnore: CHAOS },
    // Minutes of faults at random.
    { name: 'chaos', testMatch: CHAOS },
    { name: 'facades', testDir: 'tests/facades' },
  ],
})

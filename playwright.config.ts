import { defineConfig } from '@playwright/test'
import { chromiumLaunchOptions } from './tests/support/chromium.ts'

export default defineConfig({
  testDir: 'tests/e2e',
  testMatch: '**/*.spec.ts',
  outputDir: '.cache/e2e-results',
  globalSetup: './tests/support/e2e/global-setup.ts',
  reporter: 'list',
  workers: 1,
  retries: 0,
  timeout: 30_000,
  projects: [
    // One that needs the back/forward cache or throttled timers adds a project of its own with
    // `chromiumLaunchOptions({ ignoreDefaultArgs: [...] })`.
    { name: 'chromium', use: { launchOptions: chromiumLaunchOptions() } },
  ],
})

import { playwright } from '@vitest/browser-playwright'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { chromiumLaunchOptions } from './tests/support/chromium.ts'

export default defineConfig({
  cacheDir: '.cache/vitest',
  test: {
    projects: [
      inNode('unit'),
      // Which wait most of the time; after the others, with which they cannot share workers.
      inNode('contract', { maxWorkers: 2, sequence: { groupOrder: 1 } }),
      inNode('servers', {
        globalSetup: 'tests/support/servers/postgres/global-setup.ts',
        testTimeout: 30_000,
        hookTimeout: 30_000,
      }),
      inNode('package', { globalSetup: 'tests/package/global-setup.ts', testTimeout: 60_000, hookTimeout: 120_000 }),
      inChromium(),
      inNode('engines', {
        globalSetup: 'tests/support/e2e/global-setup.ts',
        testTimeout: 30_000,
        hookTimeout: 60_000,
        expect: { poll: { interval: 20, timeout: 5_000 } },
      }),
    ],
  },
})

function inNode(name: string, options: TestProjectInlineConfiguration['test'] = {}): TestProjectInlineConfiguration {
  return { test: { name, environment: 'node', include: [`tests/${name}/**/*.test.ts`], ...options } }
}

function inChromium(): TestProjectInlineConfiguration {
  return {
    // All that browser tests import from packages: one found later would make Vite reload the page in mid-test.
    optimizeDeps: { include: ['comlink', 'fast-check', 'idb-keyval', 'socket.io-client'] },
    test: {
      name: 'browser',
      include: ['tests/browser/**/*.test.ts'],
      browser: {
        enabled: true,
        headless: true,
        screenshotFailures: false,
        provider: playwright({ launchOptions: chromiumLaunchOptions() }),
        instances: [{ browser: 'chromium' }],
      },
    },
  }
}

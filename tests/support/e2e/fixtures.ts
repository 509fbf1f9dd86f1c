import { test as base } from '@playwright/test'

export { expect } from '@playwright/test'

interface Fixtures {
  /** Where the page of tests/support/app is served, without a slash at the end. */
  readonly appUrl: string
}

export const test = base.extend<object, Fixtures>({
  appUrl: [
    // Playwright reads from the first parameter what the fixture needs.
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const url = process.env['PARTYLINE_APP_URL']
      if (url === undefined)
        throw new Error('PARTYLINE_APP_URL is not set: run end-to-end tests with playwright.config.ts')
      await use(url)
    },
    { scope: 'worker' },
  ],
})

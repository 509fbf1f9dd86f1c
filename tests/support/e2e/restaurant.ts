/** The demo's page, as somebody at the restaurant uses it. */
import { expect, type Locator, type Page } from '@playwright/test'

export const networkSwitch = (page: Page): Locator => page.getByRole('switch', { name: 'Cut the network' })
export const card = (page: Page, note: string): Locator => page.locator('.card').filter({ hasText: note })
export const message = (page: Page, text = ''): Locator =>
  page.getByRole('log').getByRole('listitem').filter({ hasText: text })

export async function order(
  page: Page,
  { table, note }: { readonly table: number; readonly note: string },
): Promise<void> {
  await page.bringToFront()
  await page.getByRole('button', { name: 'New order' }).click()
  await page.getByRole('spinbutton', { name: 'Table' }).fill(String(table))
  await page.getByLabel('Note').fill(note)
  await page
    .getByRole('button', { name: /^One .* more$/ })
    .first()
    .click()
  await page.getByRole('button', { name: 'Send to the kitchen' }).click()
  await expect(card(page, note)).toBeVisible()
}

export async function say(page: Page, text: string): Promise<void> {
  await page.bringToFront()
  await page.getByPlaceholder('Tell the floor').fill(text)
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await expect(message(page, text)).toBeVisible()
}

export async function turnNetwork(page: Page): Promise<void> {
  await page.bringToFront()
  await networkSwitch(page).click()
}

/** Resolves when the page can be opened without a network. */
export async function opensOffline(page: Page): Promise<void> {
  await expect(page.getByTestId('kept')).toContainText('Opens offline')
  await expect(page.getByTestId('connections')).toHaveText('1')
}

import type { Locator, Page } from 'playwright-core';
import type { Shape } from '../support/shape.ts';

/** Goes to a page of the planning room and waits until it follows its rows. */
export async function openPlanning(page: Page, { url }: Shape, path: string): Promise<void> {
  await page.goto(`${url}/planning/${path}`);
  await page.getByRole('status', { name: 'Stream: Live' }).waitFor();
}

/** A cell of a grid by its accessible name; a string is how the name begins. */
export function cell(page: Page, name: string | RegExp): Locator {
  return page.getByRole('gridcell', { name: typeof name === 'string' ? new RegExp(`^${name}\\b`) : name });
}

/** As the browser does it when a person presses the keys; the system's clipboard is one for all pages. */
export async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((block) => {
    const data = new DataTransfer();
    data.setData('text/plain', block);
    document.activeElement?.dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
}

import type { Locator, Page } from 'playwright-core';
import type { Shape } from '../support/shape.ts';

/** Goes to a table and waits until its rows are there and followed. */
export async function openTable(page: Page, { url }: Shape, table: string, query = ''): Promise<void> {
  await page.goto(`${url}/tables/workspace/${table}${query}`);
  await page.getByRole('status', { name: 'Stream: Live' }).waitFor();
  await page.getByRole('status', { name: 'Rows' }).waitFor();
}

/** A cell by column and row, 1 the first; `shown`: how what it shows begins. */
export function tableCell(page: Page, column: string, row: number, shown = ''): Locator {
  return page.getByRole('gridcell', { name: new RegExp(`^${column}, row ${row}: ${shown.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)}`) });
}

export function rowCount(page: Page, text: string): Locator {
  return page.getByRole('status', { name: 'Rows' }).filter({ hasText: new RegExp(`^${text}$`) });
}

/** Types over a cell, and keeps it with Enter. */
export async function enter(page: Page, cell: Locator, text: string): Promise<void> {
  await cell.click();
  await page.keyboard.type(text);
  await page.keyboard.press('Enter');
}

/** Waits until no cell is being written. */
export async function allWritten(page: Page): Promise<void> {
  await page.waitForFunction(() => document.querySelector('[role="gridcell"][aria-busy="true"]') === null);
}

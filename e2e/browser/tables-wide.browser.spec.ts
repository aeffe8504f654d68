import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, picture, signedIn } from './browser.ts';
import { enter, openTable, tableCell } from './grid-page.ts';
import { makeTable } from './tables-page.ts';

const COLUMNS = 500;
const ROWS = 60;

let shape: Shape;
let browser: Browser;
let analyst: Person;
let page: Page;

beforeAll(async () => {
  [shape, browser] = await Promise.all([startEmbedded(), launchBrowser()]);
  analyst = new Person(shape, 'analyst');
  page = await signedIn(browser, shape, shape.accounts['analyst'] as Account);
  await makeTable(
    analyst,
    'wide',
    Array.from({ length: COLUMNS }, (_, at) => ({ name: `c${at + 1}`, type: 'integer' as const })),
  );
  const row = (): Record<string, number> => Object.fromEntries(Array.from({ length: COLUMNS }, (_, column) => [`c${column + 1}`, column + 1]));
  await analyst.call('workspace', 'wide', { method: 'POST', body: Array.from({ length: ROWS }, row) });
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await shape?.stop();
}, 60_000);

const drawnCells = (): Promise<number> => page.getByRole('gridcell').count();

describe('a table of five hundred columns', () => {
  it('draws those that are seen, wherever one goes, and tells all of them to who listens', async () => {
    await openTable(page, shape, 'wide');
    const grid = page.getByRole('grid');
    // Id, and the four columns that Lakeloop keeps; row numbers and heads count as well.
    expect(await grid.getAttribute('aria-colcount')).toBe(String(COLUMNS + 6));
    expect(await grid.getAttribute('aria-rowcount')).toBe(String(ROWS + 1));
    await tableCell(page, 'C1', 1, '1').click();
    expect(await drawnCells()).toBeLessThan(1_500);
    await page.keyboard.press('End');
    await tableCell(page, 'Updated by', 1, 'analyst').waitFor();
    expect(await drawnCells()).toBeLessThan(1_500);
    expect(await tableCell(page, 'C500', 1, '500').getAttribute('aria-colindex')).toBe('502');
    expect(await page.getByRole('columnheader', { name: 'C500', exact: true }).getAttribute('aria-colindex')).toBe('502');
    const active = await grid.getAttribute('aria-activedescendant');
    expect(await page.locator(`[id="${active}"]`).getAttribute('aria-label')).toBe('Updated by, row 1: analyst');
    await picture(page, 'tables-wide');
    // The key is in sight already; a step beyond it leads back to the others' beginning.
    for (const name of ['Home', 'ArrowRight']) await page.keyboard.press(name);
    await tableCell(page, 'C1', 1, '1').waitFor();
  }, 120_000);

  it('keeps the key in sight, and the cell that one left its focus in', async () => {
    await openTable(page, shape, 'wide');
    await tableCell(page, 'C2', 1, '2').click();
    const scroller = page.locator('.data-scroller');
    await scroller.evaluate((element) => element.scrollTo({ left: 20_000 }));
    await tableCell(page, 'C190', 1).waitFor();
    const [key, box] = [await tableCell(page, 'Id', 1).boundingBox(), await scroller.boundingBox()];
    expect((key?.x ?? 0) - (box?.x ?? 0)).toBeLessThan(70);
    expect(await tableCell(page, 'C2', 1).count()).toBe(1);
    // A step by key leads back to it, beside the key and not behind it.
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowRight');
    const cell = await tableCell(page, 'C2', 1).boundingBox();
    expect(cell?.x ?? 0).toBeGreaterThanOrEqual((key?.x ?? 0) + (key?.width ?? 0) - 1);
  }, 120_000);

  it('is edited at its far end, and keeps what is being typed while one scrolls away', async () => {
    await openTable(page, shape, 'wide');
    await tableCell(page, 'C1', 1).click();
    await page.keyboard.press('End');
    for (let step = 0; step < 4; step += 1) await page.keyboard.press('ArrowLeft');
    await enter(page, tableCell(page, 'C500', 2), '77');
    await tableCell(page, 'C500', 2, '77').waitFor();
    await tableCell(page, 'C499', 3).click();
    await page.keyboard.type('711');
    await page.locator('.data-scroller').evaluate((element) => element.scrollTo({ left: 0 }));
    await tableCell(page, 'C1', 3).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('grid').press('End');
    for (let step = 0; step < 5; step += 1) await page.keyboard.press('ArrowLeft');
    await tableCell(page, 'C499', 3, '711').waitFor();
    const { body } = await analyst.call('workspace', 'wide?select=c499,c500&id=in.(2,3)&order=id');
    expect(body).toEqual([
      { c499: 499, c500: 77 },
      { c499: 711, c500: 500 },
    ]);
  }, 120_000);

  it('scrolls sideways without long frames', async () => {
    await openTable(page, shape, 'wide');
    await tableCell(page, 'C1', 1).waitFor();
    const frames = await page.locator('.data-scroller').evaluate(async (element) => {
      const times: number[] = [];
      for (let at = 0; at < 120; at += 1) {
        const from = performance.now();
        element.scrollLeft += 120;
        await new Promise(requestAnimationFrame);
        times.push(performance.now() - from);
      }
      return times.toSorted((a, b) => a - b);
    });
    process.stdout.write(
      `sideways, 120 steps of 120 px: median ${frames[60]?.toFixed(0)} ms, 95 % ${frames[114]?.toFixed(0)} ms, longest ${frames.at(-1)?.toFixed(0)} ms\n`,
    );
    expect(frames[60]).toBeLessThan(100);
  }, 120_000);
});

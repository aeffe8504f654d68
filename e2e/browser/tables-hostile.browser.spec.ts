import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { createClient } from '#libs/client/client';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, picture, signedIn } from './browser.ts';
import { allWritten, rowCount } from './grid-page.ts';

/** 63 bytes, with quotes of every kind. */
const NAME = `it's a "name" of 63 bytes, as long as one can be in Postgres ü`;
const TABLE = { schema: 'workspace', name: NAME };
const HOSTILE = [
  '<img src=x onerror="document.title=\'broken in\'">',
  '</textarea><script>document.title="broken in"</script>',
  '\u202Etxt.exe\u202C and \u2066isolated',
  'مرحبا بالعالم, from right to left',
  '👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 \u200B',
  'a very long one. '.repeat(640),
];

let shape: Shape;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  [shape, browser] = await Promise.all([startEmbedded(), launchBrowser()]);
  const person = new Person(shape, 'analyst');
  const client = createClient({ url: shape.url, token: () => person.token() });
  await client.tables.create({
    ...TABLE,
    columns: [
      { name: NAME, type: 'text', label: '<b>Label</b> \u202Edetrevni' },
      { name: 'choice', type: 'choice', options: HOSTILE.slice(0, 5).map((text) => text.slice(0, 60)) },
    ],
  });
  // postgrest-js does not escape the quotes in a column's name.
  const rows = HOSTILE.map((text, at) => ({ [NAME]: text, choice: at < 5 ? text.slice(0, 60) : null }));
  await client.batch([{ method: 'POST', schema: 'workspace', table: NAME, body: rows }]);
  page = await signedIn(browser, shape, shape.accounts['analyst'] as Account, 'dark');
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await shape?.stop();
}, 60_000);

const overflow = (): Promise<number> => page.evaluate(() => (document.scrollingElement?.scrollWidth ?? 0) - document.documentElement.clientWidth);

describe('tables, rows and names as nobody wants them', () => {
  it('are shown as they are, in a narrow window and a dark one, and nothing of them is run', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${shape.url}/tables`);
    await page.getByRole('searchbox', { name: 'Search tables' }).fill('63 bytes');
    await page.getByRole('link', { name: /63 bytes/ }).waitFor();
    await picture(page, 'hostile-list');
    expect(await overflow()).toBeLessThanOrEqual(0);
    await page.getByRole('link', { name: /63 bytes/ }).click();
    await rowCount(page, '6 rows').waitFor();
    await page.getByRole('gridcell', { name: /a very long one/ }).waitFor();
    await picture(page, 'hostile-grid');
    expect(await overflow()).toBeLessThanOrEqual(0);
    for (const panel of ['history', 'design', 'import', 'export']) {
      await page.goto(`${shape.url}/tables/workspace/${encodeURIComponent(NAME)}?panel=${panel}`);
      await page.getByRole('dialog').first().waitFor();
      await page.waitForFunction(() => document.querySelector('[role="dialog"] [aria-label="Loading"]') === null);
      await picture(page, `hostile-${panel}`);
      expect([panel, (await overflow()) > 0]).toEqual([panel, false]);
      expect([panel, await page.title()]).not.toEqual([panel, 'broken in']);
    }
    expect(await page.locator('[role="grid"] img, [role="grid"] script, [role="dialog"] script').count()).toBe(0);
  }, 120_000);

  it('are edited by keys alone', async () => {
    await page.setViewportSize({ width: 1_280, height: 800 });
    await page.goto(`${shape.url}/tables/workspace/${encodeURIComponent(NAME)}`);
    await rowCount(page, '6 rows').waitFor();
    await page.getByRole('grid').focus();
    for (const key of ['Control+Home', 'ArrowRight', 'F2', 'End']) await page.keyboard.press(key);
    await page.keyboard.type(' & kept');
    await page.keyboard.press('Enter');
    await page.getByRole('gridcell', { name: /broken in.* & kept/ }).waitFor();
    await allWritten(page);
    await page.keyboard.press('Control+z');
    await page.getByRole('gridcell', { name: /& kept/ }).waitFor({ state: 'detached' });
    await picture(page, 'hostile-dark');
    expect(await page.title()).not.toBe('broken in');
  }, 60_000);
});

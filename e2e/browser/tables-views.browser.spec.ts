import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import type { SavedViews } from '#contracts/http/table-views';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, picture, signedIn } from './browser.ts';
import { openTable, rowCount, tableCell } from './grid-page.ts';
import { makeTable } from './tables-page.ts';

let shape: Shape;
let browser: Browser;
let analyst: Person;
let first: Page;
let second: Page;
let serial = 0;
let table: string;

const account = (name: string): Account => shape.accounts[name] as Account;

beforeAll(async () => {
  [shape, browser] = await Promise.all([startEmbedded(), launchBrowser()]);
  analyst = new Person(shape, 'analyst');
  [first, second] = await Promise.all([signedIn(browser, shape, account('analyst')), signedIn(browser, shape, account('analyst2'), 'dark')]);
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await shape?.stop();
}, 60_000);
beforeEach(async () => {
  table = `viewed_${(serial += 1)}`;
  await makeTable(analyst, table, [
    { name: 'client', type: 'text' },
    { name: 'size', type: 'integer' },
  ]);
  for (const [client, size] of [
    ['Nordwind', 1],
    ['Südwind', 2],
    ['Calm', 3],
  ])
    await analyst.insert('workspace', table, { client, size });
}, 60_000);

const menu = async (page: Page, called = 'Views'): Promise<Locator> => {
  await page.getByRole('button', { name: called, exact: true }).click();
  return page.getByRole('dialog', { name: /^Views/ });
};
const served = async (): Promise<SavedViews> => (await analyst.call<SavedViews>('', `/v1/tables/${table}/views?schema=workspace`)).body;

/** A filter `wind` on the page, kept as a view. */
async function keep(page: Page, name: string, { shared = false } = {}): Promise<void> {
  await openTable(page, shape, table, '?where=client.contains.wind&sort=size.desc');
  const views = await menu(page);
  await views.getByRole('textbox', { name: 'Keep this view as' }).fill(name);
  if (shared) await views.getByRole('checkbox').check();
  await views.getByRole('button', { name: 'Keep', exact: true }).click();
  await page.getByRole('button', { name: `Views: ${name}`, exact: true }).waitFor();
}

describe('a saved view of a table', () => {
  it('is there in another browser, opened by its address, changed, renamed and deleted', async () => {
    await keep(first, 'Winds <b>&</b>');
    const { search } = new URL(first.url());
    expect(search).toMatch(/^\?view=[0-9a-f-]{36}$/);
    const elsewhere = await signedIn(browser, shape, account('analyst'));
    try {
      await openTable(elsewhere, shape, table, search);
      await rowCount(elsewhere, '2 rows').waitFor();
      await tableCell(elsewhere, 'Client', 1, 'Südwind').waitFor();
      await elsewhere.getByRole('button', { name: /^Remove the filter/ }).click();
      await rowCount(elsewhere, '3 rows').waitFor();
      const views = await menu(elsewhere, 'Views: Winds <b>&</b> (changed)');
      await views.getByRole('button', { name: 'Keep the change in' }).click();
      await elsewhere.getByRole('button', { name: 'Views: Winds <b>&</b>', exact: true }).waitFor();
      expect((await served()).views.map(({ view }) => view.filters)).toEqual([[]]);
      await menu(elsewhere, 'Views: Winds <b>&</b>');
      await views.getByRole('button', { name: 'Rename Winds' }).click();
      await views.getByRole('textbox', { name: 'New name of' }).fill('By size');
      await elsewhere.keyboard.press('Enter');
      await views.getByRole('button', { name: 'Delete the view By size' }).waitFor();
      await picture(elsewhere, 'tables-views');
      await views.getByRole('button', { name: 'Delete the view By size' }).click();
      await views.getByRole('button', { name: 'Delete', exact: true }).click();
      await views.getByRole('listitem').filter({ hasText: 'By size' }).waitFor({ state: 'detached' });
      expect((await served()).views).toEqual([]);
    } finally {
      await elsewhere.context().close();
    }
  }, 120_000);

  it('is shared when its owner says so, is anybody’s default, and its link says when it no longer is', async () => {
    await keep(first, 'Winds', { shared: true });
    const { search } = new URL(first.url());
    await openTable(second, shape, table);
    await rowCount(second, '3 rows').waitFor();
    const views = await menu(second);
    expect(await views.getByRole('button', { name: 'Rename Winds' }).count()).toBe(0);
    await views.getByRole('button', { name: 'Open the table with Winds' }).click();
    await views.getByRole('button', { name: 'Open the table without Winds' }).waitFor();
    await openTable(second, shape, table);
    await rowCount(second, '2 rows').waitFor();
    await menu(second, 'Views: Winds');
    await picture(second, 'tables-views-shared');
    await views.getByRole('button', { name: 'All rows' }).click();
    await rowCount(second, '3 rows').waitFor();
    const own = await menu(first, 'Views: Winds');
    await own.getByRole('button', { name: 'Stop sharing Winds' }).click();
    await own.getByRole('button', { name: 'Share Winds' }).waitFor();
    await openTable(second, shape, table, search);
    await second.getByRole('status').filter({ hasText: 'gone, or not shared with you' }).waitFor();
    await rowCount(second, '3 rows').waitFor();
  }, 120_000);

  it('that a browser kept by itself moves to the server once', async () => {
    await keep(first, 'Taken');
    const kept = [
      { name: 'Taken', query: 'where=client.is.Calm' },
      { name: 'Old one', query: 'sort=size.desc' },
    ];
    const subject = (await served()).views[0]?.owner ?? '';
    const place = `lakeloop.views.${subject}.workspace.${table}`;
    await first.evaluate(([at = '', views = '']) => localStorage.setItem(at, views), [place, JSON.stringify(kept)]);
    await openTable(first, shape, table);
    const views = await menu(first);
    await views.getByRole('button', { name: 'Old one', exact: true }).click();
    await tableCell(first, 'Client', 1, 'Calm').waitFor();
    expect((await served()).views.map(({ name }) => name)).toEqual(['Old one', 'Taken', 'Taken (2)']);
    expect(await first.evaluate((at) => localStorage.getItem(at), place)).toBeNull();
    await openTable(first, shape, table);
    expect((await served()).views).toHaveLength(3);
  }, 120_000);
});

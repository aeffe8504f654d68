import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import { createClient, type LakeloopClient } from '#libs/client/client';
import { psql } from '../loop/psql.ts';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, picture, signedIn } from './browser.ts';
import { allWritten, openTable, tableCell } from './grid-page.ts';

let shape: Shape;
let browser: Browser;
let client: LakeloopClient;
/** Two who look at the same table. */
let pages: [Page, Page];
let table: { schema: string; name: string };

beforeAll(async () => {
  [shape, browser] = await Promise.all([startEmbedded(), launchBrowser()]);
  const person = new Person(shape, 'analyst');
  client = createClient({ url: shape.url, token: () => person.token() });
  pages = [await signedIn(browser, shape, shape.accounts['analyst'] as Account), await signedIn(browser, shape, shape.accounts['analyst2'] as Account)];
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await shape?.stop();
}, 60_000);

let tables = 0;
beforeEach(async () => {
  table = { schema: 'workspace', name: `parcels_${(tables += 1)}` };
  await client.tables.create({
    ...table,
    columns: [
      { name: 'note', type: 'text' },
      { name: 'weight', type: 'text' },
      { name: 'place', type: 'text' },
    ],
  });
  await client
    .schema('workspace')
    .from(table.name)
    .insert(Array.from({ length: 300 }, (_, index) => ({ note: `note ${index + 1}`, weight: String(index + 1), place: 'Oslo' })));
  for (const page of pages) await openTable(page, shape, table.name);
});

const head = (page: Page, title: string): Locator => page.getByRole('columnheader', { name: title, exact: true });
const editor = (page: Page, column: string, row: number): Locator => page.getByRole('textbox', { name: `Edit ${column}, row ${row}` });
const valueOf = (column: string, id: number): Promise<string> => psql(shape.databaseUrl, `select ${column} from workspace.${table.name} where id = ${id}`);

describe('an open table whose design somebody edits', () => {
  it('follows on every page: columns come, go and are renamed, under cursor, selection and an edit that is not saved', async () => {
    const [page, other] = pages;
    await tableCell(page, 'Note', 3, 'note 3').dblclick();
    await editor(page, 'Note', 3).fill('half a th');
    await tableCell(other, 'Place', 5, 'Oslo').click();

    await client.tables.edit(table, { op: 'add-column', column: { name: 'size', type: 'integer', label: 'Size in cm' } });
    for (const each of pages) await head(each, 'Size in cm').waitFor();
    await client.tables.edit(table, { op: 'rename-column', column: 'note', to: 'remark' });
    await client.tables.edit(table, { op: 'drop-column', column: 'weight' });
    for (const each of pages) {
      await head(each, 'Remark').waitFor();
      await head(each, 'Weight').waitFor({ state: 'detached' });
    }
    expect(await editor(page, 'Remark', 3).inputValue()).toBe('half a th');
    await page.keyboard.type('ought');
    await picture(page, 'tables-followed');
    await page.keyboard.press('Enter');
    await tableCell(other, 'Remark', 3, 'half a thought').waitFor();
    expect(await valueOf('remark', 3)).toBe('half a thought');
    await tableCell(other, 'Place', 5, 'Oslo').and(other.locator('.focused')).waitFor();
    await other.keyboard.type('Bergen');
    await other.keyboard.press('Enter');
    await tableCell(page, 'Place', 5, 'Bergen').waitFor();
  });

  it('says so when the column of an edit that is not saved is dropped', async () => {
    const [page] = pages;
    await tableCell(page, 'Note', 2, 'note 2').dblclick();
    await editor(page, 'Note', 2).fill('not to be lost');
    await client.tables.edit(table, { op: 'drop-column', column: 'note' });
    const said = page.getByRole('alert').filter({ hasText: 'Note is gone' });
    await said.getByText('not to be lost').waitFor();
    await head(page, 'Note').waitFor({ state: 'detached' });
    await page.keyboard.press('ArrowDown');
    await page.locator('[role="gridcell"].focused[data-row="2"]').waitFor();
  });

  it('reads an edit that is not saved by the type that its column has then', async () => {
    const [page] = pages;
    await tableCell(page, 'Weight', 4, '4').dblclick();
    await editor(page, 'Weight', 4).fill('1200');
    await client.tables.edit(table, { op: 'change-column', column: 'weight', change: { type: 'integer' } });
    await page.locator('[role="gridcell"].number[data-row="0"]').nth(1).waitFor();
    await page.keyboard.press('Enter');
    await tableCell(page, 'Weight', 4, '1,200').waitFor();
    await allWritten(page);
    expect(await valueOf('weight', 4)).toBe('1200');
  });

  it('shows what SQL made of it, and keeps the order and filters of a column that has another name', async () => {
    const [page] = pages;
    await openTable(page, shape, table.name, '?sort=weight.desc&where=place.is.Oslo');
    await psql(shape.databaseUrl, `alter table workspace.${table.name} add column by_hand text default 'made by SQL'`);
    await tableCell(page, 'By hand', 1, 'made by SQL').waitFor();
    await client.tables.edit(table, { op: 'rename-column', column: 'weight', to: 'load' });
    await page.waitForURL(/sort=load\.desc/);
    await tableCell(page, 'Load', 1, '99').waitFor();
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, picture, signedIn } from './browser.ts';
import { paste } from './planning-page.ts';
import { enter, openTable, rowCount, tableCell } from './grid-page.ts';
import { makeTable } from './tables-page.ts';

let shape: Shape;
let browser: Browser;
let analyst: Person;
let first: Page;
let second: Page;
let serial = 0;
let table: string;

beforeAll(async () => {
  [shape, browser] = await Promise.all([startEmbedded(), launchBrowser()]);
  analyst = new Person(shape, 'analyst');
  const account = (name: string): Account => shape.accounts[name] as Account;
  [first, second] = await Promise.all([signedIn(browser, shape, account('analyst')), signedIn(browser, shape, account('analyst2'), 'dark')]);
  await makeTable(analyst, 'region', [{ name: 'name', type: 'text', required: true }]);
  for (const name of ['North', 'South']) await analyst.insert('workspace', 'region', { name });
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await shape?.stop();
}, 60_000);
beforeEach(async () => {
  table = `contract_${(serial += 1)}`;
  await makeTable(analyst, table, [
    { name: 'client', type: 'text', required: true },
    { name: 'number', type: 'text', unique: true },
    { name: 'amount', type: 'decimal', precision: 14, scale: 2, min: 0 },
    { name: 'status', type: 'choice', options: ['open', 'active', 'ended'], default: 'open' },
    { name: 'tags', type: 'multi-choice', options: ['key', 'new'] },
    { name: 'starts', type: 'date' },
    { name: 'renews', type: 'boolean' },
    { name: 'terms', type: 'json' },
    { name: 'region', type: 'reference', references: { table: 'region' } },
  ]);
  for (const [client, number] of [
    ['Nordwind', 'C-1'],
    ['Südwind', 'C-2'],
  ])
    await analyst.insert('workspace', table, { client, number, amount: '10.50' });
}, 60_000);

describe('the rows of a table, in the console', () => {
  it('are found in the list of tables, edited by the editor of each type, and flash for whoever else looks', async () => {
    await first.goto(`${shape.url}/tables`);
    await first.getByRole('searchbox', { name: 'Search tables' }).fill(table);
    await first.getByRole('link', { name: `Contract ${serial}` }).click();
    await first.getByRole('status', { name: 'Stream: Live' }).waitFor();
    await openTable(second, shape, table);
    await enter(first, tableCell(first, 'Client', 1, 'Nordwind'), 'Nordwind GmbH');
    await tableCell(second, 'Client', 1, 'Nordwind GmbH, just changed by analyst').waitFor();
    await picture(second, 'tables-flash');
    await enter(first, tableCell(first, 'Amount', 1), '123456789012.34');
    await enter(first, tableCell(first, 'Starts', 1), '31.12.2026');
    await tableCell(first, 'Starts', 1, '2026-12-31').waitFor();
    await tableCell(first, 'Status', 1).click();
    await first.keyboard.press('Enter');
    await first.keyboard.type('act');
    await picture(first, 'tables-choice');
    await first.keyboard.press('Enter');
    await tableCell(first, 'Tags', 1).click();
    for (const key of ['Enter', ' ', 'ArrowDown', ' ', 'Enter']) await first.keyboard.press(key);
    await tableCell(first, 'Tags', 1, 'key, new').waitFor();
    await tableCell(first, 'Renews', 1).click();
    await first.keyboard.press(' ');
    await tableCell(first, 'Terms', 1).click();
    await first.keyboard.press('Enter');
    await first.getByRole('textbox', { name: /^Edit Terms/ }).fill('{"days": 30.10}');
    await first.keyboard.press('Control+Enter');
    await tableCell(first, 'Region', 1).click();
    await first.keyboard.press('Enter');
    await first.getByRole('option', { name: /South/ }).click();
    await tableCell(first, 'Region', 1, 'South').waitFor();
    await tableCell(second, 'Region', 1, 'South').waitFor();
    const { body } = await analyst.call<Record<string, unknown>[]>(
      'workspace',
      `${table}?number=eq.C-1&select=client,amount::text,status,tags,starts,renews,terms::text,region(name)`,
    );
    expect(body).toEqual([
      {
        client: 'Nordwind GmbH',
        amount: '123456789012.34',
        status: 'active',
        tags: ['key', 'new'],
        starts: '2026-12-31',
        renews: true,
        terms: '{"days": 30.10}',
        region: { name: 'South' },
      },
    ]);
  }, 120_000);

  it('say in words at the cell what is refused, by the page and by the database', async () => {
    await openTable(first, shape, table);
    await enter(first, tableCell(first, 'Amount', 1), 'much');
    await first.getByRole('alert').filter({ hasText: 'not a number' }).waitFor();
    await first.keyboard.press('Escape');
    await enter(first, tableCell(first, 'Number', 2), 'C-1');
    // The last row: Enter stays on it.
    await tableCell(first, 'Number', 2, 'C-2, not saved').waitFor();
    await first.getByRole('alert').filter({ hasText: 'must be unique' }).waitFor();
    await picture(first, 'tables-refused');
    await first.getByRole('button', { name: 'All right' }).click();
    await tableCell(first, 'Number', 2, 'C-2').waitFor();
    expect(await tableCell(first, 'Id', 1).getAttribute('aria-readonly')).toBe('true');
  }, 120_000);

  it('never write over what somebody changed under an open editor: both are shown, and one chooses', async () => {
    await Promise.all([openTable(first, shape, table), openTable(second, shape, table)]);
    await tableCell(first, 'Client', 1).click();
    await first.keyboard.press('F2');
    await first.keyboard.type(' of mine');
    await enter(second, tableCell(second, 'Client', 1), 'Theirs');
    await tableCell(second, 'Client', 1, 'Theirs').waitFor();
    // What others write in the rest of the row is no conflict.
    await enter(second, tableCell(second, 'Amount', 1), '99');
    await tableCell(first, 'Amount', 1, '99').waitFor();
    expect(await first.getByRole('textbox', { name: /^Edit Client/ }).inputValue()).toBe('Nordwind of mine');
    await first.keyboard.press('Enter');
    await first.keyboard.press('ArrowUp');
    await first.getByRole('alert').filter({ hasText: 'Theirs' }).filter({ hasText: 'Nordwind of mine' }).waitFor();
    await picture(first, 'tables-conflict');
    await first.getByRole('button', { name: 'Write mine' }).click();
    await tableCell(second, 'Client', 1, 'Nordwind of mine').waitFor();
  }, 120_000);

  it('take a block of a spreadsheet, shown before it is written, all of it or nothing', async () => {
    await openTable(first, shape, table);
    await tableCell(first, 'Client', 2).click();
    await paste(first, 'Client\tAmount\tStatus\nPasted\t1.234,50\tended\n"two\nlines"\t7\tclosed\n');
    await first.getByRole('list', { name: 'What can’t be used' }).getByText('is none of open, active, ended').waitFor();
    await first.getByRole('button', { name: 'Cancel' }).click();
    await paste(first, 'Client\tAmount\tStatus\nPasted\t1.234,50\tended\n"two\nlines"\t7\tactive\n');
    await picture(first, 'tables-paste');
    await first.getByRole('button', { name: 'Write 6 cells in 2 rows' }).click();
    await rowCount(first, '3 rows').waitFor();
    const { body } = await analyst.call('workspace', `${table}?select=client,amount::text,status&order=id`);
    expect(body).toEqual([
      { client: 'Nordwind', amount: '10.50', status: 'open' },
      { client: 'Pasted', amount: '1234.50', status: 'ended' },
      { client: 'two\nlines', amount: '7.00', status: 'active' },
    ]);
    // One transaction: Ctrl Z takes all of it back.
    await first.keyboard.press('Control+z');
    await rowCount(first, '2 rows').waitFor();
    await tableCell(first, 'Client', 2, 'Südwind').waitFor();
  }, 120_000);

  it('take no block whose cells are no longer what its preview showed', async () => {
    await openTable(first, shape, table);
    await tableCell(first, 'Amount', 1).click();
    await paste(first, '1\n2\n');
    await first.getByRole('button', { name: 'Write 2 cells in 2 rows' }).waitFor();
    await analyst.call('workspace', `${table}?number=eq.C-2`, { method: 'PATCH', body: { amount: '77' } });
    await first.getByRole('button', { name: 'Write 2 cells in 2 rows' }).click();
    await first.getByRole('alert').filter({ hasText: 'Row 2 was changed meanwhile' }).waitFor();
    const { body } = await analyst.call('workspace', `${table}?select=amount::text&order=id`);
    expect(body).toEqual([{ amount: '10.50' }, { amount: '77.00' }]);
  }, 120_000);

  it('take thousands of new rows from a spreadsheet at once, and give them back', async () => {
    await openTable(first, shape, table);
    await first.getByRole('grid').focus();
    for (const key of ['Control+End', 'Home', 'ArrowRight']) await first.keyboard.press(key);
    await tableCell(first, 'Client', 2).click();
    const lines = Array.from({ length: 5_000 }, (_, line) => `client ${line}\tL-${line}\t${line}.25`);
    // The first line is the row that is there already.
    await paste(first, ['Südwind\tC-2\t10.50', ...lines].join('\n'));
    await first.getByRole('button', { name: 'Write 15,000 cells in 5,000 rows' }).click();
    await rowCount(first, '5,002 rows').waitFor();
    const { body } = await analyst.call('workspace', `${table}?select=count(),amount.sum()`);
    expect(body).toEqual([{ count: 5_002, sum: 12_498_771 }]);
    await first.keyboard.press('Control+z');
    await rowCount(first, '2 rows').waitFor();
  }, 120_000);

  it('are changed by thousands at once, all or none of them, and taken back as one', async () => {
    const rows = Array.from({ length: 5_000 }, (_, line) => ({ client: `client ${line}`, number: `L-${line}`, amount: `${line}.00` }));
    await analyst.call('workspace', table, { method: 'POST', body: rows });
    await openTable(first, shape, table);
    await rowCount(first, '5,002 rows').waitFor();
    const sum = async (): Promise<unknown> => (await analyst.call('workspace', `${table}?select=count(),amount.sum()`)).body;
    const before = await sum();
    // Every other row keeps its client.
    const block = ['Client\tAmount', 'Nord\t1', 'Süd\t2', ...rows.map(({ client }, line) => `${line % 2 === 0 ? client : `new ${line}`}\t${line + 1}`)].join(
      '\n',
    );
    await tableCell(first, 'Client', 1).click();
    await paste(first, block);
    const writes = first.getByRole('button', { name: /^Write [\d,]+ cells in 5,002 rows$/ });
    await writes.waitFor();
    await analyst.call('workspace', `${table}?number=eq.L-3997`, { method: 'PATCH', body: { amount: '0.50' } });
    const meanwhile = await sum();
    await writes.click();
    await first.getByRole('alert').filter({ hasText: 'Row 4,000 was changed meanwhile' }).waitFor();
    expect(await sum()).toEqual(meanwhile);
    await first.getByRole('button', { name: 'Cancel' }).click();
    await analyst.call('workspace', `${table}?number=eq.L-3997`, { method: 'PATCH', body: { amount: '3997.00' } });
    await first.waitForFunction(() => document.querySelector('[role="dialog"]') === null);
    expect(await sum()).toEqual(before);
    await paste(first, block);
    await writes.click();
    await tableCell(first, 'Client', 4, 'new 1').waitFor();
    expect(await sum()).toEqual([{ count: 5_002, sum: 12_502_503 }]);
    await first.keyboard.press('Control+z');
    await tableCell(first, 'Client', 4, 'client 1').waitFor();
    expect(await sum()).toEqual(before);
  }, 120_000);

  it('are added and deleted, come and go for others, and come back', async () => {
    await Promise.all([openTable(first, shape, table), openTable(second, shape, table)]);
    await first.getByRole('button', { name: 'Add a row' }).click();
    await first.getByRole('textbox', { name: 'Client' }).fill('Westwind');
    await picture(first, 'tables-add');
    await first.getByRole('button', { name: 'Add the row' }).click();
    await tableCell(second, 'Client', 3, 'Westwind').waitFor();
    await tableCell(first, 'Status', 3, 'open').waitFor();
    await tableCell(first, 'Client', 1).click();
    await tableCell(first, 'Client', 2).click({ modifiers: ['Shift'] });
    await first.getByRole('button', { name: 'Delete 2' }).click();
    await first.getByRole('dialog', { name: 'Delete 2 rows?' }).getByRole('button', { name: 'Delete' }).click();
    await Promise.all([rowCount(first, '1 row').waitFor(), rowCount(second, '1 row').waitFor()]);
    await tableCell(second, 'Client', 1, 'Westwind').waitFor();
    await first.keyboard.press('Control+z');
    await Promise.all([tableCell(first, 'Client', 3, 'Westwind').waitFor(), tableCell(second, 'Client', 3, 'Westwind').waitFor()]);
  }, 120_000);

  it('are narrowed and ordered by a view that has a name, and an address for others', async () => {
    await openTable(first, shape, table);
    await first.getByRole('button', { name: 'Filter', exact: true }).click();
    await first.getByRole('textbox', { name: 'Value' }).fill('wind');
    await first.getByRole('button', { name: 'Show these rows' }).click();
    await first.getByRole('columnheader', { name: 'Client' }).getByRole('button').click();
    await first.getByRole('columnheader', { name: 'Client' }).getByRole('button').click();
    await tableCell(first, 'Client', 1, 'Südwind').waitFor();
    const { search } = new URL(first.url());
    await first.getByRole('button', { name: 'Views' }).click();
    await first.getByRole('textbox', { name: 'Keep this view as' }).fill('Winds');
    await first.getByRole('button', { name: 'Keep', exact: true }).click();
    await picture(first, 'tables-view');
    await openTable(second, shape, table, search);
    await tableCell(second, 'Client', 1, 'Südwind').waitFor();
    // A row that enters the view comes to its place, one that leaves it goes.
    const { id } = await analyst.insert<{ id: number }>('workspace', table, { client: 'Zephyrwind' });
    await tableCell(second, 'Client', 1, 'Zephyrwind').waitFor();
    await analyst.call('workspace', `${table}?id=eq.${id}`, { method: 'PATCH', body: { client: 'Calm' } });
    await Promise.all([rowCount(second, '2 rows').waitFor(), tableCell(second, 'Client', 1, 'Südwind').waitFor()]);
    await openTable(first, shape, table);
    await first.getByRole('button', { name: 'Views' }).click();
    await first.getByRole('list', { name: 'Saved views' }).getByRole('button', { name: 'Winds', exact: true }).click();
    await rowCount(first, '2 rows').waitFor();
  }, 120_000);
});

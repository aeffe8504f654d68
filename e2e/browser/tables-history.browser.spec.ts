import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import pg from 'pg';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, picture, signedIn } from './browser.ts';
import { makeTable, openPanel } from './tables-page.ts';

let shape: Shape;
let browser: Browser;
let page: Page;
let ana: Person;
let fiona: Person;

beforeAll(async () => {
  [shape, browser] = await Promise.all([startEmbedded(), launchBrowser()]);
  ana = new Person(shape, 'analyst');
  fiona = new Person(shape, 'finance');
  page = await signedIn(browser, shape, shape.accounts['analyst'] as Account);
  await makeTable(ana, 'orders', [
    { name: 'customer', type: 'text' },
    { name: 'amount', type: 'decimal', precision: 12, scale: 2, label: 'Amount due' },
    { name: 'status', type: 'choice', options: ['open', 'paid', 'sent'], default: 'open' },
  ]);
  const admin = new pg.Client({ connectionString: shape.databaseUrl });
  await admin.connect();
  await admin.query('grant select, insert, update, delete on workspace.orders to finance');
  await admin.end();
  for (const customer of ['Nordwind', 'Südwerk', 'Ost & Co']) await ana.insert('workspace', 'orders', { customer, amount: 100 });
  await change(ana, 1, { amount: 250.5 }, 'corrected after a call');
  await change(fiona, 1, { status: 'paid' });
  await change(ana, 1, { customer: 'Nordwind GmbH' });
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await shape?.stop();
}, 60_000);

async function change(person: Person, id: number, body: Record<string, unknown>, reason = ''): Promise<void> {
  const { status } = await person.call('workspace', `orders?id=eq.${id}`, {
    method: 'PATCH',
    body,
    headers: { 'lakeloop-reason': encodeURIComponent(reason) },
  });
  expect(status).toBe(204);
}

const row = async (id: number): Promise<Record<string, unknown> | undefined> =>
  (await ana.call<Record<string, unknown>[]>('workspace', `orders?id=eq.${id}&select=customer,amount,status`)).body[0];
const act = async (item: Locator, what: string): Promise<void> => {
  await item.getByRole('button', { name: /^What to do about/ }).click();
  await page.getByRole('menuitem', { name: what }).click();
};
const happenings = (drawer: Locator): Locator => drawer.getByRole('list', { name: 'What happened, newest first' });
const dialog = (title: string): Locator => page.getByRole('dialog', { name: title });

async function openRow(customer: RegExp): Promise<Locator> {
  const drawer = await openPanel(page, shape, 'orders', 'history');
  await act(happenings(drawer).getByRole('listitem', { name: customer }).first(), 'History of this row');
  await drawer.getByText('Tick two versions to compare them.').waitFor();
  return drawer;
}

describe('the history of a table', () => {
  it('tells who did what and why, schema edits among the changes, and is picked by who did it', async () => {
    const drawer = await openPanel(page, shape, 'orders', 'history');
    const list = happenings(drawer);
    await list.getByRole('listitem', { name: 'analyst made the table with 3 columns' }).waitFor();
    expect(await list.getByRole('listitem').count()).toBe(7);
    await list.getByRole('listitem', { name: 'analyst changed Amount due' }).getByText('“corrected after a call”').waitFor();
    await list.getByRole('button', { name: /^finance changed Status/ }).click();
    const diff = list.getByRole('table', { name: 'Values by column' }).getByRole('row', { name: 'Status open paid' });
    await diff.waitFor();
    await picture(page, 'tables-history');
    await drawer.getByRole('textbox', { name: 'By' }).fill('finance');
    await list.getByRole('listitem', { name: 'analyst changed Amount due' }).waitFor({ state: 'detached' });
    expect(await list.getByRole('listitem').count()).toBe(1);
    await drawer.getByRole('textbox', { name: 'By' }).fill('nobody');
    await drawer.getByText('Nothing like that').waitFor();
  }, 60_000);

  it('is of the row that the grid’s focus is on, where one is opened from there', async () => {
    await page.goto(`${shape.url}/tables/workspace/orders`);
    await page.getByRole('gridcell', { name: /Südwerk/ }).click();
    await page.getByRole('button', { name: 'History' }).click();
    const drawer = page.getByRole('dialog');
    await drawer.getByText('Row 2', { exact: true }).waitFor();
    await happenings(drawer).getByRole('listitem', { name: 'analyst added the row' }).waitFor();
    expect(await happenings(drawer).getByRole('listitem').count()).toBe(1);
  }, 60_000);

  it('compares two versions of a row', async () => {
    const drawer = await openRow(/changed Customer/);
    const boxes = drawer.getByRole('checkbox', { name: /^Compare/ });
    await boxes.first().check();
    await boxes.last().check();
    const table = drawer.getByRole('table', { name: 'Differences by column' });
    await table.getByRole('row', { name: 'Amount due 100.00 250.50' }).waitFor();
    await table.getByRole('row', { name: 'Customer Nordwind Nordwind GmbH' }).waitFor();
    expect(await table.getByRole('row').count()).toBe(4);
    await picture(page, 'tables-history-compare');
  }, 60_000);

  it('does not undo over what somebody changed since, unless told to', async () => {
    await change(fiona, 1, { amount: 300 });
    const drawer = await openRow(/changed Customer/);
    await act(happenings(drawer).getByRole('listitem', { name: 'analyst changed Amount due' }), 'Undo this change');
    const asked = dialog('Undo this change');
    await asked.getByText('1 row changed since').waitFor();
    await asked.getByText(/by finance/).waitFor();
    expect(await asked.getByRole('button', { name: 'Take back' }).isDisabled()).toBe(true);
    await picture(page, 'tables-history-conflict');
    await asked.getByLabel('Take back anyway').check();
    await asked.getByLabel('Reason').fill('agreed with Fiona');
    await asked.getByRole('button', { name: 'Take back anyway' }).click();
    await happenings(drawer).getByText('“agreed with Fiona”').waitFor();
    expect(await row(1)).toEqual({ customer: 'Nordwind GmbH', amount: 100, status: 'paid' });
  }, 60_000);

  it('restores a version of a row, also of one that was deleted', async () => {
    await ana.call('workspace', 'orders?id=eq.1', { method: 'DELETE' });
    expect(await row(1)).toBeUndefined();
    const drawer = await openRow(/deleted the row/);
    await act(happenings(drawer).getByRole('listitem', { name: 'finance changed Status' }), 'Restore this version');
    const asked = dialog('Restore this version');
    await asked.getByText('1 row brought back.').waitFor();
    await asked.getByRole('button', { name: 'Take back' }).click();
    await happenings(drawer).getByRole('listitem', { name: 'analyst added the row' }).nth(1).waitFor();
    expect(await row(1)).toEqual({ customer: 'Nordwind', amount: 250.5, status: 'paid' });
  }, 60_000);

  it('undoes all that one request changed', async () => {
    const { status } = await ana.call('workspace', 'orders?id=gt.1', { method: 'PATCH', body: { status: 'sent' } });
    expect(status).toBe(204);
    const drawer = await openPanel(page, shape, 'orders', 'history');
    await act(happenings(drawer).getByRole('listitem', { name: 'analyst changed Status' }).first(), 'Undo all of its request');
    const asked = dialog('Undo all that this request changed');
    await asked.getByText('2 rows changed back.').waitFor();
    await asked.getByRole('button', { name: 'Take back' }).click();
    await asked.waitFor({ state: 'detached' });
    expect([await row(2), await row(3)]).toMatchObject([{ status: 'open' }, { status: 'open' }]);
  }, 60_000);
});

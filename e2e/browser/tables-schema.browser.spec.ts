import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Locator, Page } from 'playwright-core';
import type { TableDescription } from '#contracts/http/tables';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, picture, signedIn } from './browser.ts';
import { choose, makeTable, openPanel } from './tables-page.ts';

let shape: Shape;
let browser: Browser;
let analyst: Page;
let auditor: Page;
let person: Person;

beforeAll(async () => {
  [shape, browser] = await Promise.all([startEmbedded(), launchBrowser()]);
  person = new Person(shape, 'analyst');
  [analyst, auditor] = await Promise.all([
    signedIn(browser, shape, shape.accounts['analyst'] as Account),
    signedIn(browser, shape, shape.accounts['auditor'] as Account, 'dark'),
  ]);
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await shape?.stop();
}, 60_000);

const described = async (name: string): Promise<TableDescription> => (await person.call<TableDescription>('', `/v1/tables/${name}?schema=workspace`)).body;
const columnsOf = async (name: string): Promise<string[]> => (await described(name)).columns.filter(({ system }) => !system).map((column) => column.name);
const dialog = (title: string | RegExp): Locator => analyst.getByRole('dialog', { name: title });

describe('the design of a table', () => {
  it('is made from nothing: labels, types, a list, a reference', async () => {
    await makeTable(person, 'customers', [{ name: 'name', type: 'text', required: true }]);
    await analyst.goto(`${shape.url}/tables`);
    await analyst.getByRole('button', { name: 'New table' }).click();
    const drawer = dialog('New table');
    await drawer.getByLabel('Label').first().fill('Service visits');
    const first = drawer.getByRole('region', { name: 'Column 1' });
    await first.getByLabel('Label').fill('Größe');
    const named = drawer.getByRole('region', { name: 'Größe' });
    await choose(analyst, named, 'Type', 'One of a list');
    await drawer.getByRole('button', { name: 'Make …' }).click();
    await named.getByText('A list has at least one value.').waitFor();
    const values = named.getByLabel('Values');
    for (const value of ['small', 'large']) await values.pressSequentially(`${value},`);
    await named.getByRole('switch', { name: 'Required' }).click();
    await drawer.getByRole('button', { name: 'Another column' }).click();
    const second = drawer.getByRole('region', { name: 'Column 2' });
    await second.getByLabel('Name').fill('customer');
    const reference = drawer.getByRole('region', { name: 'customer' });
    await choose(analyst, reference, 'Type', 'Row of another table');
    await choose(analyst, reference, 'Table', 'Customers');
    await picture(analyst, 'tables-new');
    await drawer.getByRole('button', { name: 'Make …' }).click();
    await dialog('Make Service visits').getByText('No row is lost or broken').waitFor();
    await analyst.getByRole('button', { name: 'Make the table' }).click();
    await analyst.getByRole('heading', { name: 'Service visits', exact: true }).waitFor();
    expect(await described('service_visits')).toMatchObject({ label: 'Service visits', key: ['id'], adopted: true });
    const [size, customer] = (await described('service_visits')).columns.filter(({ system }) => !system);
    expect(size).toMatchObject({ name: 'große', type: 'choice', options: ['small', 'large'], required: true, label: 'Größe' });
    expect(customer).toMatchObject({ name: 'customer', type: 'reference', references: { table: 'customers', column: 'id' } });
  }, 90_000);

  it('refuses in words what would break rows, and goes through once they are changed', async () => {
    await makeTable(person, 'orders', [
      { name: 'number', type: 'text', label: 'Order' },
      { name: 'note', type: 'text' },
    ]);
    for (const number of ['12', 'twelve', '13']) await person.insert('workspace', 'orders', { number, note: `of ${number}` });
    const drawer = await openPanel(analyst, shape, 'orders', 'design');
    await drawer.getByRole('button', { name: 'Change Order' }).click();
    await choose(analyst, drawer, 'Type', 'Whole number');
    await drawer.getByRole('button', { name: 'Change …' }).click();
    const tried = dialog('Change Order');
    await tried.getByText('1 row: values of number that are no bigint').waitFor();
    await tried.getByText('(id 2)').waitFor();
    expect(await tried.getByRole('button', { name: 'Change the column' }).count()).toBe(0);
    await picture(analyst, 'tables-schema-blocked');
    await tried.getByRole('button', { name: 'Close', exact: true }).last().click();
    await person.call('workspace', 'orders?id=eq.2', { method: 'PATCH', body: { number: '14' } });
    await drawer.getByRole('button', { name: 'Change …' }).click();
    await dialog('Change Order').getByText('No row is lost or broken').waitFor();
    await analyst.getByRole('button', { name: 'Change the column' }).click();
    await drawer.getByRole('list', { name: 'Columns' }).getByText('integer').nth(1).waitFor();
    expect((await person.call('workspace', 'orders?select=number&order=number')).body).toEqual([{ number: 12 }, { number: 13 }, { number: 14 }]);
  }, 90_000);

  it('drops a column with its values, and brings both back', async () => {
    const drawer = await openPanel(analyst, shape, 'orders', 'design');
    await drawer.getByRole('button', { name: 'Drop Note' }).click();
    const tried = dialog('Drop Note');
    await tried.getByText('3 rows: values of note, kept aside until the edit is taken back').waitFor();
    await tried.getByLabel('Reason').fill('niemand liest sie – ehrlich');
    await picture(analyst, 'tables-schema-drop');
    await tried.getByRole('button', { name: 'Drop the column' }).click();
    await drawer.getByRole('button', { name: 'Drop Note' }).waitFor({ state: 'detached' });
    expect(await columnsOf('orders')).toEqual(['number']);
    await drawer.getByRole('tab', { name: 'Edits' }).click();
    await drawer.getByText('“niemand liest sie – ehrlich”').waitFor();
    await picture(analyst, 'tables-schema-edits');
    await drawer.getByRole('button', { name: 'Take back: dropped the column note' }).click();
    await dialog(/^Take back: dropped/)
      .getByRole('button', { name: 'Take back' })
      .click();
    await drawer.getByText('taken back', { exact: true }).waitFor();
    expect((await person.call('workspace', 'orders?select=note&order=id')).body).toEqual([{ note: 'of 12' }, { note: 'of twelve' }, { note: 'of 13' }]);
  }, 90_000);

  it('adds and reorders columns by keyboard, and renames one', async () => {
    const drawer = await openPanel(analyst, shape, 'orders', 'design');
    await drawer.getByRole('button', { name: 'Add a column' }).click();
    await drawer.getByLabel('Label').fill('Due');
    await choose(analyst, drawer, 'Type', 'Date');
    await drawer.getByRole('button', { name: 'Add …' }).click();
    await analyst.getByRole('button', { name: 'Add the column' }).click();
    await drawer.getByRole('button', { name: 'Change Due' }).focus();
    for (let step = 0; step < 8; step += 1) await analyst.keyboard.press('Alt+ArrowUp');
    await drawer.getByRole('button', { name: 'Keep this order' }).click();
    await dialog('Another order of the columns').getByRole('button', { name: 'Keep this order' }).click();
    await drawer.getByRole('button', { name: 'Keep this order' }).waitFor({ state: 'detached' });
    expect((await columnsOf('orders'))[0]).toBe('due');
    await drawer.getByRole('button', { name: 'Change Note' }).click();
    await drawer.getByLabel('Name').fill('remark');
    await drawer.getByLabel('Description').fill('for the driver');
    await drawer.getByRole('button', { name: 'Change …' }).click();
    await analyst.getByRole('button', { name: 'Change the column' }).click();
    await drawer.getByRole('button', { name: 'Change Remark' }).waitFor();
    expect((await described('orders')).columns.find(({ name }) => name === 'remark')).toMatchObject({ description: 'for the driver' });
    await picture(analyst, 'tables-schema');
  }, 90_000);

  it('is archived and restored', async () => {
    const drawer = await openPanel(analyst, shape, 'orders', 'design');
    await drawer.getByRole('tab', { name: 'Table' }).click();
    await drawer.getByRole('button', { name: 'Archive' }).click();
    await dialog('Archive Orders').getByRole('button', { name: 'Archive' }).click();
    await drawer.getByRole('button', { name: 'Restore' }).waitFor();
    expect((await person.call('workspace', 'orders')).status).toBe(404);
    await drawer.getByRole('button', { name: 'Restore' }).click();
    await dialog('Restore Orders').getByRole('button', { name: 'Restore' }).click();
    await drawer.getByRole('button', { name: 'Archive' }).waitFor();
    expect((await person.call<unknown[]>('workspace', 'orders')).body).toHaveLength(3);
  }, 90_000);

  it('is read only for who may not edit it, and says why', async () => {
    await auditor.goto(`${shape.url}/tables/exceptions/flags?panel=design`);
    const drawer = auditor.getByRole('dialog');
    await drawer.getByText('Your role may not create or edit tables in exceptions.').waitFor();
    await drawer.getByRole('list', { name: 'Columns' }).waitFor();
    await picture(auditor, 'tables-schema-read');
    expect(await drawer.getByRole('button', { name: /^(Add|Drop|Change|Move)/ }).count()).toBe(0);
    await auditor.goto(`${shape.url}/tables?panel=new`);
    await auditor.getByText('There is no schema in which your role may make tables.').waitFor();
  }, 60_000);
});

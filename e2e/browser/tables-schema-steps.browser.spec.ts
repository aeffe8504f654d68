import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import type { Browser, Locator, Page } from 'playwright-core';
import type { TableDescription } from '#contracts/http/tables';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, picture, signedIn } from './browser.ts';
import { choose, makeTable, openPanel } from './tables-page.ts';

/** Of 200 bytes and more each: many times what is edited at once, and seconds of copying. */
const ROWS = 120_000;
const END_MS = 90_000;

let shape: Shape;
let browser: Browser;
let page: Page;
let person: Person;
let psql: pg.Client;

beforeAll(async () => {
  [shape, browser] = await Promise.all([startEmbedded(), launchBrowser()]);
  person = new Person(shape, 'analyst');
  page = await signedIn(browser, shape, shape.accounts['analyst'] as Account);
  psql = new pg.Client({ connectionString: shape.databaseUrl });
  await psql.connect();
  await makeTable(person, 'parcels', [
    { name: 'number', type: 'text' },
    { name: 'weight', type: 'text' },
    { name: 'note', type: 'text' },
    { name: 'code', type: 'text' },
  ]);
  await psql.query(`insert into workspace.parcels (number, weight, note) select i, i, repeat('x', 200) from generate_series(1, $1::int) i`, [ROWS]);
  await psql.query('analyze workspace.parcels');
}, 240_000);
afterAll(async () => {
  await psql?.end();
  await browser?.close();
  await shape?.stop();
}, 60_000);

const typeOf = async (name: string): Promise<string | null | undefined> =>
  (await person.call<TableDescription>('', '/v1/tables/parcels?schema=workspace')).body.columns.find((column) => column.name === name)?.type;
const progress = (): Locator => page.getByRole('progressbar', { name: 'Progress of the edit' });
const underWay = (): Locator => page.getByRole('region', { name: 'Edit under way' });
const typeShown = (drawer: Locator, column: string, type: string): Locator =>
  drawer.getByRole('button', { name: `Change ${column}`, exact: true }).getByText(type, { exact: true });

/** Asks in the design of the table for another type of a column, and gives what is said before it is confirmed. */
async function asked(column: string, type: string): Promise<Locator> {
  const drawer = await openPanel(page, shape, 'parcels', 'design');
  await drawer.getByRole('button', { name: `Change ${column}`, exact: true }).click();
  await choose(page, drawer, 'Type', type);
  await drawer.getByRole('button', { name: 'Change …' }).click();
  return page.getByRole('dialog', { name: `Change ${column}` });
}

async function begun(column: string, type: string): Promise<void> {
  const dialog = await asked(column, type);
  await dialog.getByText('It goes on in steps').waitFor();
  await dialog.getByRole('button', { name: 'Change the column' }).click();
  await progress().waitFor();
}

describe('an edit of a large table', () => {
  it('says before that it goes on in steps, shows how far it is after a reload too, and its column once it is done', async () => {
    const dialog = await asked('Number', 'Whole number');
    await dialog.getByText('It goes on in steps').waitFor();
    await picture(page, 'tables-schema-steps-asked');
    await dialog.getByRole('button', { name: 'Change the column' }).click();
    await progress().waitFor();
    // Whoever holds a row holds up the end, and none of the rest.
    await psql.query('begin');
    await psql.query(`select from workspace.parcels where id = $1 for update`, [ROWS]);
    await underWay()
      .getByText(/^[\d,]+ of about 120,000 rows copied$/)
      .waitFor();
    await page.waitForFunction(() => (document.querySelector('progress')?.value ?? 0) >= 10);
    await picture(page, 'tables-schema-steps');
    await page.reload();
    await underWay().getByText('Column number: type integer').waitFor();
    expect(await typeOf('number')).toBe('text');
    await psql.query('rollback');
    await page.getByText('The edit is done').waitFor({ timeout: END_MS });
    await progress().waitFor({ state: 'detached' });
    await typeShown(page.getByRole('dialog').first(), 'Number', 'integer').waitFor();
    expect(await typeOf('number')).toBe('integer');
  }, 180_000);

  it('is cancelled, and the table is as it was', async () => {
    await begun('Weight', 'Whole number');
    await page.getByRole('button', { name: 'Cancel the edit' }).click();
    await page.getByText('The edit was cancelled, and the table is as it was').waitFor({ timeout: END_MS });
    await progress().waitFor({ state: 'detached' });
    await typeShown(page.getByRole('dialog').first(), 'Weight', 'text').waitFor();
    expect(await typeOf('weight')).toBe('text');
  }, 180_000);

  it('fails over rows that came meanwhile, and names them', async () => {
    await begun('Weight', 'Whole number');
    const { id } = await person.insert<{ id: number }>('workspace', 'parcels', { weight: 'heavy' });
    const failed = page.getByRole('alert', { name: 'The edit failed, and the table is as it was' });
    await failed.getByText('1 row: values of weight that are no bigint').waitFor({ timeout: END_MS });
    await failed.getByText(`(id ${id})`).waitFor();
    await picture(page, 'tables-schema-steps-failed');
    await page.reload();
    await failed.getByRole('button', { name: 'Put it aside' }).click();
    await failed.waitFor({ state: 'detached' });
  }, 180_000);

  it('says before where everybody would have to wait, and why', async () => {
    await psql.query('create view workspace.codes as select code from workspace.parcels');
    const dialog = await asked('Code', 'UUID');
    await dialog.getByText('Everybody else waits meanwhile').waitFor();
    await dialog.getByText('view workspace.codes').waitFor();
    await picture(page, 'tables-schema-blocks');
  }, 180_000);
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, picture, signedIn } from './browser.ts';
import { cell, openPlanning, paste } from './planning-page.ts';

/** Nothing here reloads a page, nothing sleeps: each step waits for what the other's page shows. */
describe('a team’s planning grid, with another team looking on', () => {
  const PAGE = 'teams/sales?measure=volume&search=helmet+germany';
  let shape: Shape;
  let browser: Browser;
  let sales: Page;
  let supply: Page;

  beforeAll(async () => {
    [shape, browser] = await Promise.all([startEmbedded(), launchBrowser()]);
    [sales, supply] = await Promise.all([
      signedIn(browser, shape, shape.accounts['sales'] as Account, 'dark'),
      signedIn(browser, shape, shape.accounts['supply'] as Account),
    ]);
    await Promise.all([openPlanning(sales, shape, PAGE), openPlanning(supply, shape, PAGE)]);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await shape?.stop();
  }, 60_000);

  it('shows an edit to the other team, with who made it', async () => {
    await cell(sales, 'Helmet, Germany, May 27').click();
    await sales.keyboard.type('120');
    await sales.keyboard.press('Enter');
    await cell(supply, /^Helmet, Germany, May 27: 120 piece.*just changed by sales/).waitFor();
    await picture(supply, 'planning-others-edit');
  }, 60_000);

  it('lets nobody but the team type into it', async () => {
    await cell(supply, 'Helmet, Germany, May 27').click();
    await supply.keyboard.type('7');
    await supply.keyboard.press('Delete');
    expect(await supply.getByRole('textbox', { name: /^Edit / }).count()).toBe(0);
    await cell(supply, /^Helmet, Germany, May 27: 120 piece/).waitFor();
  }, 60_000);

  it('shows what a block from a spreadsheet would do, and enters it in one write that can be undone', async () => {
    await cell(sales, 'Helmet, Germany, Jan 27').click();
    await paste(sales, 'Jan 27\tFeb 27\tMar 27\n1.250,5\t10\tn/a\n');
    const dialog = sales.getByRole('dialog', { name: 'Paste' });
    await dialog.getByText('line 2, column 3').waitFor();
    await picture(sales, 'planning-paste');
    await dialog.getByRole('button', { name: 'Enter 2 changes' }).click();
    await cell(supply, /^Helmet, Germany, Jan 27: 1,251 piece/).waitFor();
    await cell(supply, /^Helmet, Germany, Feb 27: 10 piece/).waitFor();

    await dialog.waitFor({ state: 'detached' });
    await sales.keyboard.press('Control+z');
    await cell(supply, /^Helmet, Germany, Feb 27: empty/).waitFor();
    await cell(supply, /^Helmet, Germany, Jan 27: empty/).waitFor();
  }, 60_000);

  it('tells at the cell why an amount was refused, and keeps what was there', async () => {
    await cell(sales, 'Helmet, Germany, Jun 27').click();
    await sales.keyboard.type('1.1234567');
    await sales.keyboard.press('Enter');
    await cell(sales, /^Helmet, Germany, Jun 27: empty.*refused.*6 decimal places/).click();
    await sales.getByRole('alert').getByText('6 decimal places').waitFor();
    await picture(sales, 'planning-refused');
    await sales.getByRole('button', { name: 'Dismiss' }).click();
    await cell(sales, /^Helmet, Germany, Jun 27: empty(?!.*refused)/).waitFor();
  }, 60_000);

  it('shows both amounts when the entry was changed during the edit, and lets the person choose', async () => {
    const looked = sales.waitForResponse((response) => response.url().includes('sales_adjustments?id=eq.') && response.request().method() === 'GET');
    await cell(sales, 'Helmet, Germany, May 27').click();
    await sales.keyboard.press('F2');
    await looked;
    const colleague = new Person(shape, 'sales');
    const query = 'sales_adjustments?product=eq.Helmet&region=eq.Germany&period=eq.2027-05&measure=eq.volume';
    expect((await colleague.call('planning', query, { method: 'PATCH', body: { amount: 60 } })).status).toBe(204);
    await sales.keyboard.press('Control+a');
    await sales.keyboard.type('40');
    await sales.keyboard.press('Enter');

    await cell(sales, /^Helmet, Germany, May 27.*changed meanwhile/).click();
    const both = sales.getByRole('alert').filter({ hasText: 'changed this meanwhile' });
    await both.getByRole('row', { name: /^Now, by sales 60/ }).waitFor();
    await both.getByRole('row', { name: /^You entered 40/ }).waitFor();
    await picture(sales, 'planning-overtaken');
    await both.getByRole('button', { name: 'Use mine' }).click();
    await cell(supply, /^Helmet, Germany, May 27: 40 piece/).waitFor();
  }, 60_000);
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { startEmbedded } from '../support/embedded-shape.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, picture, signedIn } from './browser.ts';
import { cell, openPlanning } from './planning-page.ts';

/** Nothing here reloads a page, nothing sleeps: each step waits for what the other's page shows. */
describe('three teams in the planning room at once', () => {
  let shape: Shape;
  let browser: Browser;
  let finance: Page;
  let sales: Page;
  let supply: Page;

  beforeAll(async () => {
    [shape, browser] = await Promise.all([startEmbedded(), launchBrowser()]);
    const page = (name: string, scheme: 'light' | 'dark' = 'light'): Promise<Page> => signedIn(browser, shape, shape.accounts[name] as Account, scheme);
    [finance, sales, supply] = await Promise.all([page('finance'), page('sales', 'dark'), page('supply')]);
    await Promise.all([
      openPlanning(finance, shape, 'plan?measure=volume'),
      openPlanning(sales, shape, 'teams/sales?measure=volume&search=helmet+germany'),
      openPlanning(supply, shape, 'teams/sales?measure=volume&search=helmet+germany'),
    ]);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await shape?.stop();
  }, 60_000);

  it('an edit of one appears in the plan and in the others’ pages, with who made it', async () => {
    await planLine(finance, ['Accessories', 'Helmet', 'EMEA']);
    const line = cell(finance, 'Germany, May 27');
    const before = amountIn(await line.getAttribute('aria-label'));
    const loaded = await finance.evaluate(() => performance.timeOrigin);

    await cell(sales, 'Helmet, Germany, May 27').click();
    await sales.keyboard.type('120');
    await sales.keyboard.press('Enter');

    await cell(supply, /^Helmet, Germany, May 27: 120 piece.*just changed by sales/).waitFor();
    await picture(supply, 'planning-others-edit');
    await cell(finance, `Germany, May 27: ${shown(before + 120)}`).waitFor();
    expect(await finance.evaluate(() => performance.timeOrigin)).toBe(loaded);
    await picture(finance, 'planning-plan');
  }, 60_000);

  it('an override with a reason beats the teams, and goes when it is withdrawn', async () => {
    await cell(finance, 'Germany, May 27').click();
    await finance.keyboard.press('Enter');
    const drawer = finance.getByRole('dialog', { name: 'Helmet · Germany · May 27' });
    await drawer.getByLabel('Amount, piece').fill('4000');
    await drawer.getByRole('region', { name: 'Override' }).getByLabel('Reason').fill('agreed with the customer');
    await drawer.getByRole('button', { name: 'Override' }).click();
    await drawer.getByRole('button', { name: 'Withdraw' }).waitFor();
    await cell(finance, /^Germany, May 27: 4,000, overridden/).waitFor();
    await picture(finance, 'planning-override');
    await drawer.getByRole('button', { name: 'Withdraw' }).click();
    await drawer.getByRole('button', { name: 'Override' }).waitFor();
    await finance.keyboard.press('Escape');
    await finance.getByRole('gridcell', { name: /^Germany, May 27: (?!4,000)/ }).waitFor();
  }, 60_000);

  it('a conflict is resolved by a choice with a reason', async () => {
    await Promise.all([openPlanning(supply, shape, 'conflicts'), openPlanning(sales, shape, 'conflicts')]);
    const name = /^Conflict: E-trekking · France · Feb 27 · Volume/;
    const card = supply.getByRole('region', { name });
    await card.getByRole('button', { name: 'Choose sales', exact: true }).click();
    await card.getByLabel('Reason').fill('the dealers have signed');
    await card.getByRole('button', { name: 'Choose Sales', exact: true }).click();
    await sales.getByText('By choice 1').click();
    await sales.getByRole('region', { name }).getByText('Chosen: Sales').waitFor();
    await picture(sales, 'planning-conflict');
  }, 60_000);

  it('a version is approved by another than who proposed it', async () => {
    await Promise.all([openPlanning(finance, shape, 'versions'), openPlanning(sales, shape, 'versions')]);
    const version = (await sales.getByRole('heading', { name: /^Approval of v/ }).textContent()) ?? '';
    const link = new RegExp(`^${version.replace('Approval of ', '')}\\b`);
    await finance.getByRole('button', { name: link }).click();
    await finance.getByLabel('Note').fill('as discussed');
    await finance.getByRole('button', { name: 'Propose' }).click();
    await finance.getByText('Four eyes: you proposed this version').waitFor();
    expect(await finance.getByRole('button', { name: 'Approve' }).count()).toBe(0);
    await picture(finance, 'planning-four-eyes');

    const approver = await signedIn(browser, shape, shape.accounts['approver'] as Account);
    await openPlanning(approver, shape, 'versions');
    await approver.getByRole('button', { name: link }).click();
    await approver.getByRole('button', { name: 'Approve', exact: true }).click();
    await finance.getByRole('status', { name: 'Approval: approved' }).waitFor();
    await sales.getByRole('button', { name: link }).getByText('approved').waitFor();
    await picture(approver, 'planning-approved');
  }, 60_000);
});

/** Opens the tree down to a line. */
async function planLine(page: Page, path: readonly string[]): Promise<void> {
  for (const name of path)
    await page
      .getByRole('button', { name: `Open ${name}`, exact: true })
      .first()
      .click();
}

function amountIn(label: string | null): number {
  return Number(
    /: ([\d,.]+)/
      .exec(label ?? '')?.[1]
      ?.replaceAll(',', '')
      .replace(/\.$/, ''),
  );
}

function shown(amount: number): string {
  return amount.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, picture, signedIn } from './browser.ts';
import { openPlanning } from './planning-page.ts';

/** Nothing here reloads a page, nothing sleeps: each step waits for what a page shows. */
describe('what the plan is made by, beside the teams’ entries', () => {
  let shape: Shape;
  let browser: Browser;
  let administrator: Page;
  let supply: Page;

  beforeAll(async () => {
    [shape, browser] = await Promise.all([startEmbedded(), launchBrowser()]);
    [administrator, supply] = await Promise.all([
      signedIn(browser, shape, shape.accounts['administrator'] as Account),
      signedIn(browser, shape, shape.accounts['supply'] as Account, 'dark'),
    ]);
    await Promise.all([openPlanning(administrator, shape, 'premises/assumptions'), openPlanning(supply, shape, 'premises/assumptions')]);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await shape?.stop();
  }, 60_000);

  const add = async (page: Page, what: string, fields: Readonly<Record<string, string>>, choices: Readonly<Record<string, string>> = {}): Promise<void> => {
    await page.getByRole('button', { name: what, exact: true }).click();
    const dialog = page.getByRole('dialog');
    for (const [label, value] of Object.entries(fields)) await dialog.getByRole('textbox', { name: label }).fill(value);
    for (const [label, value] of Object.entries(choices)) {
      await dialog.getByRole('combobox', { name: label }).click();
      await page.getByRole('option', { name: value, exact: true }).click();
    }
    await dialog.getByRole('button', { name: 'Save' }).click();
  };

  it('an assumption is stated by one who may, and seen by another who may not change it', async () => {
    await add(administrator, 'Add an assumption', { Name: 'growth:volume', Value: 'much', Comment: 'as agreed' });
    await administrator.getByRole('alert').getByText('is no decimal number').waitFor();
    await picture(administrator, 'planning-premise-refused');
    await administrator.getByRole('dialog').getByRole('textbox', { name: 'Value' }).fill('2.5');
    await administrator.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    const row = supply.getByRole('row', { name: /growth:volume.*2\.5.*administrator/ });
    await row.waitFor();
    expect(await supply.getByRole('button', { name: /^Add / }).count()).toBe(0);
    await row.click();
    await supply.getByRole('dialog').getByText('as agreed').waitFor();
    expect(await supply.getByRole('dialog').getByRole('button', { name: 'Save' }).count()).toBe(0);
    await picture(supply, 'planning-premise-read');
    await supply.keyboard.press('Escape');
  }, 60_000);

  it('a change of somebody else’s meanwhile is told, and not overwritten', async () => {
    await administrator.getByRole('row', { name: /growth:volume/ }).click();
    const dialog = administrator.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Value' }).fill('3');
    const finance = new Person(shape, 'finance');
    expect((await finance.call('planning', 'assumptions?name=eq.growth:volume', { method: 'PATCH', body: { value: '4' } })).status).toBe(204);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('alert').getByText('Changed meanwhile').waitFor();
    await administrator.keyboard.press('Escape');
    await administrator.getByRole('row', { name: /growth:volume.*4/ }).click();
    await administrator.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
    await supply.getByRole('row', { name: /growth:volume/ }).waitFor({ state: 'detached' });
  }, 60_000);

  it('a capacity cuts the plan as soon as it is saved', async () => {
    await supply.getByText('Capacities', { exact: true }).click();
    await supply.getByRole('textbox', { name: 'Search in capacities' }).fill('helmet germany');
    await supply.getByText('None like that').waitFor();
    await add(supply, 'Add a capacity', { Amount: '7' }, { Product: 'Helmet', Region: 'Germany', Period: '2027-05', Unit: 'piece' });
    await supply.getByRole('row', { name: /Helmet.*Germany.*2027-05.*7/ }).waitFor();
    await supply.getByRole('dialog').waitFor({ state: 'detached' });
    await picture(supply, 'planning-capacities');
    await openPlanning(administrator, shape, 'plan?measure=volume');
    for (const name of ['Accessories', 'Helmet', 'EMEA'])
      await administrator
        .getByRole('button', { name: `Open ${name}`, exact: true })
        .first()
        .click();
    await administrator.getByRole('gridcell', { name: /^Germany, May 27: 7\b.*cut/ }).waitFor();
  }, 60_000);

  it('a schedule and a rule are stated by the administrator', async () => {
    await openPlanning(administrator, shape, 'premises/schedules');
    await add(administrator, 'Add a schedule', { Name: 'nightly', Cron: '0 2 * * *', 'Time zone': 'Europe/Nowhere' });
    await administrator.getByRole('alert').getByText('is no time zone').waitFor();
    await administrator.getByRole('dialog').getByRole('textbox', { name: 'Time zone' }).fill('Europe/Paris');
    await administrator.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    await administrator.getByRole('row', { name: /nightly.*0 2 \* \* \*.*Europe\/Paris.*wait.*24 hours/ }).waitFor();
    await administrator.getByRole('dialog').waitFor({ state: 'detached' });
    await picture(administrator, 'planning-schedules');
    await administrator.getByText('Conflict rules', { exact: true }).click();
    await administrator.getByRole('row', { name: /^Volume/ }).waitFor();
    await picture(administrator, 'planning-rules');
    expect(await administrator.getByRole('button', { name: 'Add a rule' }).count()).toBe(1);
  }, 60_000);
});

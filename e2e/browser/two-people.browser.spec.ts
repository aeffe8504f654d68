import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { suspectTransaction } from '../support/case.ts';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, picture, signedIn } from './browser.ts';

describe('two people in the console at once', () => {
  let shape: Shape;
  let browser: Browser;
  let analyst: Page;
  let approver: Page;

  beforeAll(async () => {
    [shape, browser] = await Promise.all([startEmbedded(), launchBrowser()]);
    const account = (name: string): Account => shape.accounts[name] as Account;
    [analyst, approver] = await Promise.all([signedIn(browser, shape, account('analyst')), signedIn(browser, shape, account('approver'), 'dark')]);
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await shape?.stop();
  }, 60_000);

  it('see a flag, its recommendation and the approval without reloading', async () => {
    const row = suspectTransaction();
    const { id } = await new Person(shape, 'administrator').insert<{ id: number }>('exceptions', 'transactions', row);
    await approver.goto(`${shape.url}/exceptions/cases`);
    await approver.getByRole('grid', { name: 'Cases' }).waitFor();
    const before = await approver.evaluate(() => performance.timeOrigin);

    await analyst.goto(`${shape.url}/exceptions/rows`);
    await analyst.getByLabel(/^Search transactions/).fill(String(row['reference']));
    await analyst.getByRole('button', { name: `Flag ${id}`, exact: true }).click();
    await picture(analyst, 'flag');
    await analyst.getByLabel('Note').fill('booked in dollars although the contract says euro');
    await analyst.getByRole('button', { name: 'Flag', exact: true }).click();
    await analyst.getByRole('link', { name: 'Open the case' }).click();

    await approver
      .getByRole('link', { name: /^Case / })
      .first()
      .click();
    await approver.getByRole('list', { name: 'Contributing features' }).waitFor();
    await picture(approver, 'case-recommended');
    await approver.getByRole('button', { name: 'Approve', exact: true }).click();
    await approver.getByRole('button', { name: 'Approve case' }).click();

    await analyst.getByRole('status', { name: 'State: approved' }).waitFor();
    await picture(analyst, 'case-approved');
    await analyst.getByRole('list', { name: 'Steps of the case' }).getByRole('listitem').nth(2).waitFor();
    expect(await approver.evaluate(() => performance.timeOrigin)).toBe(before);
  }, 120_000);

  it('are told in words when one has decided what the other still looks at', async () => {
    const administrator = new Person(shape, 'administrator');
    const { id } = await administrator.insert<{ id: number }>('exceptions', 'transactions', suspectTransaction());
    const flag = await new Person(shape, 'analyst').insert<{ id: string }>('exceptions', 'flags', {
      transaction_id: id,
      note: 'amount differs from the invoice',
    });
    await approver.goto(`${shape.url}/exceptions/cases/${flag.id}`);
    await approver.getByRole('button', { name: 'Override', exact: true }).click();
    await approver.getByRole('combobox', { name: 'Class' }).click();
    await approver.getByRole('option').first().click();
    await approver.getByLabel('Reason').fill('I know this counterparty');
    const second = new Person(shape, 'approver2');
    const [recommendation] = (await second.call<{ class: string }[]>('exceptions', `recommendations?flag_id=eq.${flag.id}`)).body;
    await second.insert('exceptions', 'dispositions', { flag_id: flag.id, action: 'approve', class: recommendation?.class, reason: 'first' });
    await approver.getByRole('button', { name: 'Override case' }).click();
    await approver
      .getByRole('alert')
      .filter({ hasText: /approved/i })
      .waitFor();
    await picture(approver, 'overtaken');
  }, 120_000);

  it('can do it all by keyboard: the queue opens a case with Enter', async () => {
    await analyst.goto(`${shape.url}/exceptions/cases?tab=all`);
    await analyst
      .getByRole('link', { name: /^Case / })
      .first()
      .waitFor();
    await picture(analyst, 'queue');
    await analyst.keyboard.press('j');
    await analyst.keyboard.press('Enter');
    await analyst.getByRole('heading', { name: /^Case / }).waitFor();
  }, 60_000);
});

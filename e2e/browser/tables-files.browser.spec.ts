import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Browser, Locator, Page } from 'playwright-core';
import type { FileValue } from '#contracts/http/files';
import { TcpProxy } from '#libs/testing/tcp-proxy';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, picture, signedIn } from './browser.ts';
import { openTable, tableCell } from './grid-page.ts';
import { choose, makeTable, openPanel } from './tables-page.ts';

let shape: Shape;
let browser: Browser;
let network: TcpProxy;
let analyst: Person;
let page: Page;

beforeAll(async () => {
  shape = await startEmbedded();
  network = await TcpProxy.to(shape.url);
  browser = await launchBrowser([`--host-resolver-rules=MAP ${new URL(shape.url).host} 127.0.0.1:${network.port}`]);
  analyst = new Person(shape, 'analyst');
  page = await signedIn(browser, shape, shape.accounts['analyst'] as Account);
  await makeTable(analyst, 'contracts', [{ name: 'client', type: 'text', required: true }]);
  for (const client of ['Nordwind', 'Südwind', 'Ostwind']) await analyst.insert('workspace', 'contracts', { client });
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await network?.stop();
  await shape?.stop();
}, 60_000);

const scans = async (): Promise<(string | undefined)[]> => {
  const { body } = await analyst.call<{ scan: FileValue | null }[]>('workspace', 'contracts?select=scan&order=id');
  return body.map(({ scan }) => scan?.name);
};
const dialog = (): Locator => page.getByRole('dialog', { name: /^File of Scan, row/ });

/** Written, and not on its way: an edit begun earlier would be held against what was there before. */
const settled = (row: number, shown: string): Promise<void> => page.getByRole('gridcell', { name: `Scan, row ${row}: ${shown}`, exact: true }).waitFor();

async function open(row: number): Promise<Locator> {
  await tableCell(page, 'Scan', row).click();
  await page.keyboard.press('Enter');
  await dialog().waitFor();
  return dialog();
}

describe('files in the grid', () => {
  it('have a column of their own, made in the design', async () => {
    const drawer = await openPanel(page, shape, 'contracts', 'design');
    await drawer.getByRole('button', { name: 'Add a column' }).click();
    await drawer.getByLabel('Label').fill('Scan');
    await choose(page, drawer, 'Type', 'File');
    expect(await drawer.getByLabel('Unique').count()).toBe(0);
    await drawer.getByRole('button', { name: 'Add …' }).click();
    await page.getByRole('button', { name: 'Add the column' }).click();
    await drawer.getByRole('button', { name: 'Change Scan' }).waitFor();
    await openTable(page, shape, 'contracts');
    await tableCell(page, 'Scan', 1, 'empty').waitFor();
  }, 60_000);

  it('are chosen by keyboard, shown by name and size whatever the name is, and downloaded as they were', async () => {
    const alarms: string[] = [];
    page.on('dialog', (asked) => void (alarms.push(asked.message()), asked.dismiss()));
    const form = await open(1);
    expect(await form.getByLabel(/Choose a file/).evaluate((element) => element === document.activeElement)).toBe(true);
    const name = `"><img src=x onerror=alert(1)> Verträge '26.pdf`;
    const buffer = randomBytes(120_000);
    await form.getByLabel(/Choose a file/).setInputFiles({ name, mimeType: 'application/pdf', buffer });
    await settled(1, `${name}, 120 kB`);
    expect([await page.locator('img[src="x"]').count(), alarms]).toEqual([0, []]);
    await open(1);
    const [download] = await Promise.all([page.waitForEvent('download'), dialog().getByRole('link', { name: 'Download' }).press('Enter')]);
    expect((await readFile(await download.path())).equals(buffer)).toBe(true);
    expect(download.suggestedFilename()).toContain("Verträge '26.pdf");
    await page.keyboard.press('Escape');
    await dialog().waitFor({ state: 'detached' });
    expect(await page.getByRole('grid').evaluate((grid) => grid === document.activeElement)).toBe(true);
  }, 60_000);

  it('are dropped on a cell, tell how far they are, and are given up', async () => {
    network.weather = { bytesPerSecond: 5_000_000 };
    const bytes = await page.evaluateHandle(() => {
      const data = new DataTransfer();
      data.items.add(new File([new Uint8Array(30_000_000)], 'large.bin'));
      return data;
    });
    const cell = tableCell(page, 'Scan', 2);
    await cell.dispatchEvent('dragover', { dataTransfer: bytes });
    await cell.dispatchEvent('drop', { dataTransfer: bytes });
    await dialog()
      .getByText(/^(?!30 MB)[1-9].* of 30 MB sent$/)
      .waitFor();
    await picture(page, 'tables-file-progress');
    await dialog().getByRole('button', { name: 'Stop' }).press('Enter');
    await dialog().getByText('Choose a file, or drop it here').waitFor();
    await page.keyboard.press('Escape');
    network.weather = {};
    await tableCell(page, 'Client', 2).dispatchEvent('drop', { dataTransfer: bytes });
    expect([(await scans())[1], await dialog().count()]).toEqual([undefined, 0]);
    await cell.dispatchEvent('drop', { dataTransfer: bytes });
    await settled(2, 'large.bin, 30 MB');
  }, 60_000);

  it('are replaced, taken out, and brought back with their bytes', async () => {
    const form = await open(2);
    await form.getByLabel(/Choose another file/).setInputFiles({ name: 'small.txt', mimeType: 'text/plain', buffer: Buffer.from('small') });
    await settled(2, 'small.txt, 5 B');
    await (await open(2)).getByRole('button', { name: 'Take out' }).press('Enter');
    await settled(2, 'empty');
    await page.keyboard.press('Control+z');
    await tableCell(page, 'Scan', 2, 'small.txt, 5 B').waitFor();
    await tableCell(page, 'Scan', 2).click();
    await page.keyboard.press('Delete');
    await settled(2, 'empty');
    await page.keyboard.press('Control+z');
    await tableCell(page, 'Scan', 2, 'small.txt, 5 B').waitFor();
    const there = await open(2);
    await picture(page, 'tables-file');
    const [download] = await Promise.all([page.waitForEvent('download'), there.getByRole('link', { name: 'Download' }).click()]);
    expect(await readFile(await download.path(), 'utf8')).toBe('small');
    await page.keyboard.press('Escape');
  }, 60_000);

  it('come with a new row', async () => {
    await page.getByRole('button', { name: 'Add a row' }).click();
    const drawer = page.getByRole('dialog', { name: 'Add a row' });
    await drawer.getByLabel('Client').fill('Westwind');
    await drawer.getByLabel('File for Scan').setInputFiles({ name: 'west.txt', mimeType: 'text/plain', buffer: Buffer.from('west') });
    await drawer.getByText('west.txt').waitFor();
    await drawer.getByRole('button', { name: 'Add the row' }).click();
    await drawer.waitFor({ state: 'detached' });
    expect((await scans()).at(-1)).toBe('west.txt');
  }, 60_000);

  it('are refused in words', async () => {
    const form = await open(3);
    // As by a browser that the service does not understand.
    await page.route('**/v1/files', (route) => route.continue({ headers: { ...route.request().headers(), 'content-encoding': 'gzip' } }));
    await form.getByLabel(/Choose a file/).setInputFiles({ name: 'odd.gz', mimeType: 'application/gzip', buffer: Buffer.from('x') });
    await form.getByRole('alert').getByText('Encoded bodies are not taken').waitFor();
    await page.unroute('**/v1/files');
    await page.keyboard.press('Escape');
  }, 60_000);
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Locator, Page } from 'playwright-core';
import { TcpProxy } from '#libs/testing/tcp-proxy';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, picture, signedIn } from './browser.ts';
import { choose, makeTable, openPanel } from './tables-page.ts';

const MANY = 150_000;

let shape: Shape;
let browser: Browser;
let page: Page;
let person: Person;
let folder: string;
let network: TcpProxy;

beforeAll(async () => {
  [shape, folder] = await Promise.all([startEmbedded(), mkdtemp(join(tmpdir(), 'lakeloop-transfer-'))]);
  network = await TcpProxy.to(shape.url);
  // The browser means the same origin, and goes by way of a network that breaks.
  browser = await launchBrowser([`--host-resolver-rules=MAP ${new URL(shape.url).host} 127.0.0.1:${network.port}`]);
  person = new Person(shape, 'analyst');
  page = await signedIn(browser, shape, shape.accounts['analyst'] as Account);
  for (const name of ['orders', 'big'])
    await makeTable(person, name, [
      { name: 'number', type: 'text', required: true, unique: true, label: 'Order' },
      { name: 'customer', type: 'text' },
      { name: 'amount', type: 'decimal', precision: 12, scale: 2, min: 0, label: 'Amount due' },
    ]);
}, 180_000);
afterAll(async () => {
  await browser?.close();
  await network?.stop();
  await shape?.stop();
  if (folder) await rm(folder, { recursive: true, force: true });
}, 60_000);

const rowsOf = async (table: string): Promise<number> => {
  const { headers } = await person.call('workspace', `${table}?select=id&limit=1`, { headers: { prefer: 'count=exact' } });
  return Number(headers.get('content-range')?.split('/')[1]);
};
const choice = (drawer: Locator): Locator => drawer.getByLabel(/Choose a file/);

async function fileOf(name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

describe('an import', () => {
  const lines = ['Nr,Customer,AMOUNT DUE,junk', ...Array.from({ length: 500 }, (_, i) => `A-${i},"Kunde ${i}, ""GmbH""",${i === 76 ? -5 : i},x`)];

  it('shows the file, maps its columns, and writes nothing where a line is refused', async () => {
    const drawer = await openPanel(page, shape, 'orders', 'import');
    await choice(drawer).setInputFiles(await fileOf('orders.csv', lines));
    await drawer.getByRole('cell', { name: 'Kunde 3, "GmbH"' }).waitFor();
    await drawer.getByText('Order is required, and nothing of the file goes there.').waitFor();
    expect(await drawer.getByRole('button', { name: 'Import', exact: true }).isDisabled()).toBe(true);
    await choose(page, drawer, 'Column for Nr', 'Order');
    await picture(page, 'tables-import');
    await drawer.getByRole('button', { name: 'Import', exact: true }).click();
    await drawer.getByText('Nothing was imported: 1 line refused').waitFor();
    await drawer.getByRole('row', { name: '78 Amount due is out of range (at least 0)' }).waitFor();
    expect(await rowsOf('orders')).toBe(0);
    const [report] = await Promise.all([page.waitForEvent('download'), drawer.getByRole('link', { name: 'Refused lines' }).click()]);
    expect(await readFile(await report.path(), 'utf8')).toMatch(/^line,code,message\r\n78,23514,/);
  }, 60_000);

  it('leaves refused lines out when asked to, and is undone as a whole', async () => {
    const drawer = await openPanel(page, shape, 'orders', 'import');
    await choice(drawer).setInputFiles(join(folder, 'orders.csv'));
    await choose(page, drawer, 'Column for Nr', 'Order');
    await drawer.getByLabel('Leave that line out').check();
    await drawer.getByRole('button', { name: 'Import', exact: true }).click();
    await drawer.getByText('Imported, without 1 line').waitFor();
    await picture(page, 'tables-import-report');
    expect(await rowsOf('orders')).toBe(499);
    await drawer.getByRole('button', { name: 'Undo the import' }).click();
    const asked = page.getByRole('dialog', { name: 'Undo the whole import' });
    await asked.getByRole('button', { name: 'Take back' }).click();
    await asked.waitFor({ state: 'detached' });
    expect(await rowsOf('orders')).toBe(0);
  }, 60_000);

  it('says at once what it can’t read', async () => {
    const drawer = await openPanel(page, shape, 'orders', 'import');
    await choice(drawer).setInputFiles(await fileOf('semicolons.csv', ['number;amount', 'A-1;5']));
    await drawer.getByText('Its columns are not separated by commas.').waitFor();
    expect(await drawer.getByRole('button', { name: 'Import', exact: true }).count()).toBe(0);
  }, 60_000);

  it('goes on after a broken connection and after a reload, and takes no line twice', async () => {
    const path = await fileOf('big.csv', ['number,customer,amount', ...Array.from({ length: MANY }, (_, i) => `B-${i},"Kunde ${i % 40}, GmbH & Co. KG",${i}`)]);
    const drawer = await openPanel(page, shape, 'big', 'import');
    await choice(drawer).setInputFiles(path);
    await drawer.getByLabel('Leave that line out').check();
    network.weather = { bytesPerSecond: 1_000_000 };
    await drawer.getByRole('button', { name: 'Import', exact: true }).click();
    await drawer.getByText(/[1-9][\d,]* rows written/).waitFor();
    await picture(page, 'tables-import-progress');
    network.cut();
    await drawer.getByText('The connection broke').waitFor();
    await picture(page, 'tables-import-broken');
    network.mend();
    await drawer.getByText('The connection broke').waitFor({ state: 'detached' });
    // Leaving asks first: the upload would be cut off.
    page.once('dialog', (dialog) => void dialog.accept());
    await page.reload();
    network.weather = {};
    await drawer.getByText('The import of big.csv was cut off').waitFor();
    await picture(page, 'tables-import-resume');
    await choice(drawer).setInputFiles(join(folder, 'semicolons.csv'));
    await drawer.getByText('is not the file that the import began with').waitFor();
    expect(await rowsOf('big')).toBeLessThan(MANY);
    await choice(drawer).setInputFiles(path);
    await drawer.getByText('All of it is imported').waitFor({ timeout: 90_000 });
    expect(await rowsOf('big')).toBe(MANY);
  }, 180_000);
});

describe('an export', () => {
  it('saves all rows as CSV, NDJSON and Parquet', async () => {
    const drawer = await openPanel(page, shape, 'big', 'export');
    const saved = async (format: string): Promise<Buffer> => {
      await drawer.getByText(format, { exact: true }).click();
      const [download] = await Promise.all([page.waitForEvent('download'), drawer.getByRole('button', { name: 'Export', exact: true }).click()]);
      expect(download.suggestedFilename()).toBe(`big.${format.toLowerCase()}`);
      await drawer.getByText(/^Exported: /).waitFor();
      return readFile(await download.path());
    };
    const csv = (await saved('CSV')).toString('utf8').trimEnd().split('\n');
    expect([csv.length, csv[0]]).toEqual([MANY + 1, 'id,number,customer,amount,created_at,created_by,updated_at,updated_by']);
    const rows = (await saved('NDJSON')).toString('utf8').trimEnd().split('\n');
    expect(rows).toHaveLength(MANY);
    expect(JSON.parse(rows[7] as string)).toMatchObject({ customer: expect.stringMatching(/^Kunde \d+, GmbH & Co\. KG$/), created_by: 'analyst' });
    const parquet = await saved('Parquet');
    expect([parquet.subarray(0, 4).toString(), parquet.subarray(-4).toString()]).toEqual(['PAR1', 'PAR1']);
    await picture(page, 'tables-export');
  }, 120_000);

  it('is what the grid shows: its filters, in its order', async () => {
    await page.goto(`${shape.url}/tables/workspace/big?where=amount.less.3&sort=amount.desc&panel=export`);
    const drawer = page.getByRole('dialog');
    await drawer.getByLabel('Only what fits the grid’s filter').waitFor();
    const [download] = await Promise.all([page.waitForEvent('download'), drawer.getByRole('button', { name: 'Export', exact: true }).click()]);
    const lines = (await readFile(await download.path(), 'utf8')).trimEnd().split('\n');
    expect(lines.slice(1).map((line) => line.split(',')[1])).toEqual(['B-2', 'B-1', 'B-0']);
  }, 60_000);

  it('is stopped, and leaves no file', async () => {
    const drawer = await openPanel(page, shape, 'big', 'export');
    const downloads: string[] = [];
    page.on('download', (download) => downloads.push(download.suggestedFilename()));
    await drawer.getByText('NDJSON', { exact: true }).click();
    await drawer.getByRole('button', { name: 'Export', exact: true }).click();
    await drawer.getByRole('button', { name: 'Stop' }).click();
    await drawer.getByText('Nothing was saved.').waitFor();
    expect(downloads).toEqual([]);
  }, 60_000);
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgrestClient } from '@supabase/postgrest-js';
import type { Browser, Page } from 'playwright-core';
import type { HistoryPage, RowChange } from '#contracts/http/history';
import { createClient } from '#libs/client/client';
import { readTopic } from '#libs/testing/read-topic';
import { psql } from '../loop/psql.ts';
import { startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import type { Account, Shape } from '../support/shape.ts';
import { launchBrowser, signedIn } from './browser.ts';
import { allWritten, enter, openTable, rowCount, tableCell } from './grid-page.ts';
import { makeTable } from './tables-page.ts';

/** Rows that each client adds; it then changes the one that all share, and deletes one of its own. */
const EACH = 12;
const CLIENTS = ['psql', 'postgrest-js', 'sdk', 'console'] as const;
const TABLE = 'shared';
/** What is there before they begin: the shared row. */
const BEFORE = 1;

interface Row {
  id: number;
  client: string;
  n: number;
}

describe('psql, postgrest-js, the SDK and the console on one table at once', () => {
  let directory: string;
  let shape: Shape;
  let browser: Browser;
  let console: Page;
  let person: Person;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lakeloop-together-'));
    [shape, browser] = await Promise.all([startEmbedded({ dataDirectory: directory }), launchBrowser()]);
    person = new Person(shape, 'analyst');
    console = await signedIn(browser, shape, shape.accounts['analyst2'] as Account);
    await makeTable(person, TABLE, [
      { name: 'client', type: 'text', required: true },
      { name: 'n', type: 'integer', required: true },
    ]);
    await person.insert('workspace', TABLE, { client: 'shared', n: 0 });
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await shape?.stop();
    if (directory) await rm(directory, { recursive: true, force: true });
  }, 60_000);

  it('see the same rows; the history is complete, and every change is in the topic', async () => {
    await openTable(console, shape, TABLE);
    await Promise.all([byPsql(), byPostgrest(), bySdk(), byConsole()]);
    const rows = BEFORE + CLIENTS.length * (EACH - 1);
    const changes = BEFORE + CLIENTS.length * (EACH + 2);

    const seen = await psql(
      shape.databaseUrl,
      `select coalesce(json_agg(json_build_object('id', id, 'client', client, 'n', n) order by id), '[]') from workspace.${TABLE}`,
    );
    const table = JSON.parse(seen) as Row[];
    expect(table).toHaveLength(rows);
    const postgrest = new PostgrestClient(`${shape.url}/rest/v1`, { headers: { authorization: `Bearer ${await person.token()}` } });
    const { data } = await postgrest.schema('workspace').from(TABLE).select('id,client,n').order('id');
    expect(data).toEqual(table);
    const subscription = createClient({ url: shape.url, token: () => person.token() }).subscribe<Row>({
      schema: 'workspace',
      table: TABLE,
      select: ['client', 'n'],
    });
    await subscription.ready;
    const live = [...subscription.rows.values()].toSorted((a, b) => a.id - b.id);
    subscription.close();
    expect(live).toEqual(table);
    await rowCount(console, `${rows} rows`).waitFor();
    await go(console, 'Control+Home');
    for (const [index, { client, n }] of table.entries()) {
      await tableCell(console, 'Client', index + 1, client).waitFor();
      await tableCell(console, 'N', index + 1, n.toLocaleString('en')).waitFor();
      await console.keyboard.press('ArrowDown');
    }

    const history = await historyOf(person);
    expect(history).toHaveLength(changes);
    expect(replayed(history)).toEqual(table);
    expect(new Set(history.map(({ actor }) => actor))).toEqual(new Set(['analyst', 'analyst2', 'postgres']));

    await shape.stop();
    const events = (await readTopic(join(directory, 'changelog'), `lakeloop.workspace.${TABLE}`)) as { op: string }[];
    const operations = events.map(({ op }) => op);
    expect(operations.toSorted()).toEqual(history.map(({ operation }) => ({ insert: 'c', update: 'u', delete: 'd', truncate: 't' })[operation]).toSorted());
  }, 180_000);

  async function byPsql(): Promise<void> {
    for (let n = 1; n <= EACH; n += 1) await psql(shape.databaseUrl, `insert into workspace.${TABLE} (client, n) values ('psql', ${n})`);
    await psql(shape.databaseUrl, `update workspace.${TABLE} set n = n + 1 where client = 'shared'`);
    await psql(shape.databaseUrl, `delete from workspace.${TABLE} where client = 'psql' and n = 1`);
  }

  async function byPostgrest(): Promise<void> {
    const client = new PostgrestClient(`${shape.url}/rest/v1`, { headers: { authorization: `Bearer ${await person.token()}` } }).schema('workspace');
    for (let n = 1; n <= EACH; n += 1) expect((await client.from(TABLE).insert({ client: 'postgrest-js', n })).error).toBeNull();
    expect((await client.from(TABLE).update({ client: 'shared' }).eq('client', 'shared')).error).toBeNull();
    expect((await client.from(TABLE).delete().eq('client', 'postgrest-js').eq('n', 1)).error).toBeNull();
  }

  async function bySdk(): Promise<void> {
    const client = createClient({ url: shape.url, token: () => person.token() });
    for (let n = 1; n <= EACH; n += 1) expect((await client.idempotent().schema('workspace').from(TABLE).insert({ client: 'sdk', n })).error).toBeNull();
    expect((await client.idempotent().schema('workspace').from(TABLE).update({ client: 'shared' }).eq('client', 'shared')).error).toBeNull();
    expect((await client.idempotent().schema('workspace').from(TABLE).delete().eq('client', 'sdk').eq('n', 1)).error).toBeNull();
  }

  /** By its form, its grid and its dialog, as a person does it. */
  async function byConsole(): Promise<void> {
    for (let n = 1; n <= EACH; n += 1) {
      await console.getByRole('button', { name: 'Add a row' }).click();
      await console.getByRole('textbox', { name: 'Client' }).fill('console');
      await console.getByRole('textbox', { name: 'N', exact: true }).fill(String(n));
      await console.getByRole('button', { name: 'Add the row' }).click();
      await console.getByRole('dialog').waitFor({ state: 'detached' });
    }
    await go(console, 'Control+Home');
    await enter(console, tableCell(console, 'N', 1), '1000');
    await settled(console);
    await go(console, 'Control+End');
    await console
      .getByRole('gridcell', { name: /^Client, row \d+: console/ })
      .last()
      .click();
    await console.getByRole('button', { name: 'Delete', exact: true }).click();
    await console.getByRole('dialog', { name: 'Delete this row?' }).getByRole('button', { name: 'Delete' }).click();
    await console.getByRole('dialog').waitFor({ state: 'detached' });
  }
});

async function go(page: Page, key: string): Promise<void> {
  await page.getByRole('grid').focus();
  await page.keyboard.press(key);
}

/** The edit is written; where somebody was faster, over theirs. */
async function settled(page: Page): Promise<void> {
  const cell = tableCell(page, 'N', 1);
  for (;;) {
    await allWritten(page);
    if ((await cell.getAttribute('aria-invalid')) === null) return;
    await cell.click();
    await page.getByRole('button', { name: 'Write mine' }).click();
  }
}

/** All of it, the oldest first. */
async function historyOf(person: Person): Promise<RowChange[]> {
  const changes: RowChange[] = [];
  for (let before: string | null = ''; before !== null;) {
    const query = new URLSearchParams({ schema: 'workspace', limit: '20', ...(before === '' ? {} : { before }) });
    const { body }: { body: HistoryPage } = await person.call<HistoryPage>('', `/v1/history/${TABLE}?${query}`);
    changes.push(...body.changes);
    before = body.next;
  }
  return changes.toReversed();
}

/** The rows that a history ends at. */
function replayed(history: readonly RowChange[]): Row[] {
  const rows = new Map<unknown, Row>();
  for (const { operation, key, after } of history) {
    if (operation === 'delete') rows.delete(key?.['id']);
    else rows.set(key?.['id'], { id: after?.['id'], client: after?.['client'], n: after?.['n'] } as Row);
  }
  return [...rows.values()].toSorted((a, b) => a.id - b.id);
}

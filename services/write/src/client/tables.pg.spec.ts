import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { TableView } from '#contracts/http/table-views';
import type { LakeloopClient } from '#libs/client/client';
import { type ClientStand, openForClients } from '../testing/client-stand.ts';

let stand: ClientStand;
let client: LakeloopClient;

beforeAll(async () => {
  // Every table counts as a large one: what can be done in steps is.
  stand = await openForClients('create table app.plain (id integer primary key, note text); alter table app.plain owner to lakeloop_owner', {
    TABLES_AT_ONCE_BYTES: 0,
  });
  client = stand.clientOf('analyst');
});
afterAll(() => stand?.stop());

const made = async (name: string): Promise<{ schema: string; name: string }> => {
  await client.tables.create({ schema: 'app', name, columns: [{ name: 'note', type: 'text' }] });
  return { schema: 'app', name };
};

describe('tables of the client', () => {
  it('are made, listed, described, edited, tried, archived and restored', async () => {
    const { table } = await client.tables.create({
      name: 'orders',
      columns: [{ name: 'amount', type: 'decimal', min: 0, label: 'Amount' }],
      label: 'Orders',
    });
    expect(table).toMatchObject({ schema: 'app', name: 'orders', label: 'Orders', key: ['id'], may: { edit: true } });
    expect((await client.tables.list()).tables.map(({ name }) => name)).toContain('orders');
    const orders = { schema: 'app', name: 'orders' };

    expect(await client.tables.dryRun(orders, { op: 'drop-column', column: 'amount' })).toMatchObject({ applied: false, edit: null, reversible: true });
    expect((await client.tables.describe(orders)).columns.map(({ name }) => name)).toContain('amount');
    await client.tables.edit(orders, { op: 'add-column', column: { name: 'note', type: 'text' } }, { reason: 'für Notizen' });
    await client.tables.edit(orders, { op: 'rename-column', column: 'note', to: 'remark' });
    await client.tables.edit(orders, { op: 'change-column', column: 'remark', change: { label: 'Remark' } });
    await client.tables.edit(orders, { op: 'reorder', columns: ['id', 'remark', 'amount'] });
    await client.tables.edit(orders, { op: 'describe', description: 'all of them', label: null });
    await client.tables.edit(orders, { op: 'keep-history', keep: 'P400D' });
    expect((await client.tables.describe(orders)).history).toEqual({ keep: 'P400D' });
    const { edit } = await client.tables.edit(orders, { op: 'drop-column', column: 'amount' });
    await client.tables.edit(orders, { op: 'revert', edit: edit ?? '' });
    await client.tables.edit(orders, { op: 'rename', to: 'deals' });
    const deals = await client.tables.describe({ name: 'deals' });
    expect(deals).toMatchObject({ label: null, description: 'all of them' });
    expect(deals.columns.find(({ name }) => name === 'remark')).toMatchObject({ label: 'Remark' });

    await client.tables.archive(deals);
    expect((await client.tables.describe(deals)).archived).toBe(true);
    await client.tables.restore(deals);
    const { edits } = await client.tables.edits(deals);
    expect(edits.map((each) => each.edit['op']).slice(-3)).toEqual(['rename-column', 'add-column', 'create']);
    expect(edits.at(-2)).toMatchObject({ actor: 'user-of-analyst', reason: 'für Notizen' });
    expect((await client.tables.adopt({ name: 'plain' })).table).toMatchObject({ adopted: true });
  });

  it('tell how an edit in steps goes, and end one', async () => {
    const table = await made('steps');
    await client.from('steps').insert(Array.from({ length: 50 }, (_, index) => ({ note: String(index) })));
    const begun = await client.tables.edit(table, { op: 'change-column', column: 'note', change: { type: 'integer' } });
    expect(begun).toMatchObject({ applied: false, inSteps: true });
    const states: string[] = [];
    for await (const { state } of client.tables.follow(table, begun.edit ?? '', { everyMs: 20 })) states.push(state);
    expect(states.at(-1)).toBe('applied');
    expect(states.slice(0, -1).every((state) => state === 'running')).toBe(true);
    expect((await client.tables.describe(table)).columns.find(({ name }) => name === 'note')).toMatchObject({ type: 'integer' });
    await expect(client.tables.cancel(table, begun.edit ?? '')).rejects.toMatchObject({ status: 409 });
  });

  it('keep views', async () => {
    const views = client.tables.views(await made('viewed'));
    const view: TableView = { sorts: [{ column: 'note', descending: true }], filters: [], hidden: [], order: [], widths: {} };
    const kept = await views.keep({ name: 'Newest', view });
    expect(await views.change(kept.id, { name: 'Latest', shared: true })).toMatchObject({ name: 'Latest', shared: true, mine: true });
    await views.setDefault(kept.id);
    expect(await views.list()).toMatchObject({ views: [{ id: kept.id, view }], default: kept.id });
    await views.delete(kept.id);
    expect(await views.list()).toEqual({ views: [], default: null });
  });

  it('are refused with a problem that says what to do', async () => {
    const table = await made('refused');
    await client.from('refused').insert({ note: 'no number' });
    const retype = client.tables.edit(table, { op: 'change-column', column: 'note', change: { required: true, unique: true, pattern: '^x' } });
    const problem = await retype.catch((error: unknown) => error);
    expect(problem).toMatchObject({ name: 'HttpProblem', status: 409, code: 'rows-in-the-way' });
    expect(problem).toHaveProperty('hint', expect.stringMatching(/\w/));
    expect(problem).toHaveProperty('problem.losses.0.examples.0', '{"id" : 1}');
    await expect(client.tables.describe({ name: 'nowhere' })).rejects.toMatchObject({ status: 404, code: 'unknown-table' });
    await expect(stand.clientOf('sales').tables.create({ schema: 'app', name: 'x', columns: [{ name: 'a', type: 'text' }] })).rejects.toMatchObject({
      status: 403,
      hint: expect.stringMatching(/\w/),
    });
  });
});

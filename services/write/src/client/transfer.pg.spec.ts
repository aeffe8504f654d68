import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { text } from 'node:stream/consumers';
import { Readable } from 'node:stream';
import type { ImportReport } from '#contracts/http/imports';
import type { LakeloopClient } from '#libs/client/client';
import type { ExportProgress } from '#libs/client/transfer/export-rows';
import { type ClientStand, openForClients } from '../testing/client-stand.ts';

let stand: ClientStand;
let client: LakeloopClient;

beforeAll(async () => {
  stand = await openForClients(`
    set role lakeloop_owner;
    create table app.item (id integer primary key, name text not null);
    create table app.few (id integer primary key, name text);
    grant select, insert, delete on app.item, app.few to analyst; grant select on app.item to sales;
    select lakeloop.adopt('app.item'), lakeloop.adopt('app.few'); reset role`);
  client = stand.clientOf('analyst');
});
afterAll(() => stand?.stop());

const item = { schema: 'app', name: 'item' };
const count = async (from: number, to: number): Promise<number | null> =>
  (await client.from('item').select('*', { count: 'exact', head: true }).gte('id', from).lt('id', to)).count;
const csv = (from: number, lines: number): string => `id,name\n${Array.from({ length: lines }, (_, index) => `${from + index},row ü\n`).join('')}`;

describe('an import of the client', () => {
  it('takes files, web streams, Node streams and generators, and tells how far it is', async () => {
    const told: { sent: number; report: ImportReport }[] = [];
    const file = csv(1_000, 5_000);
    const report = await client.imports.run({ table: item, format: 'csv' }, new Blob([file]), { onProgress: (progress) => told.push(progress) });
    expect(report).toMatchObject({ state: 'complete', inserted: 5_000, refused: 0, offset: Buffer.byteLength(file) });
    expect(told.at(-1)).toEqual({ sent: Buffer.byteLength(file), report });

    const spec = {
      table: { name: 'item' },
      format: 'ndjson',
      columns: [
        { name: 'Nr', column: 'id' },
        { name: 'Name', column: 'name' },
      ],
    } as const;
    const line = (nr: number): string => `${JSON.stringify({ Nr: nr, Name: 'ü' })}\n`;
    async function* generated(): AsyncGenerator<string> {
      yield line(1);
      yield line(2);
    }
    expect(await client.imports.run(spec, generated())).toMatchObject({ inserted: 2 });
    expect(await client.imports.run(spec, Readable.from([Buffer.from(line(3))]))).toMatchObject({ inserted: 1 });
    expect(await client.imports.run(spec, () => new Blob([line(4)]).stream())).toMatchObject({ inserted: 1 });
    expect(await count(1, 5)).toBe(4);
  });

  it('reports refused lines, and is taken back by its trace', async () => {
    const lines = `id,name\n20000,a\nx,b\n20001,\n`;
    const failed = await client.imports.run({ table: item, format: 'csv' }, new Blob([lines]));
    expect(failed).toMatchObject({ state: 'failed', inserted: 0, refused: 2, refusals: [{ line: 3 }, { line: 4 }] });
    const skipped = await client.imports.run({ table: item, format: 'csv', mode: 'skip-bad' }, new Blob([lines]), { reason: 'from a file' });
    expect(skipped).toMatchObject({ state: 'complete', inserted: 1, refused: 2 });
    expect((await client.history(item, { key: 20_000 }).page()).changes[0]).toMatchObject({ reason: 'from a file' });
    expect(await client.undo({ trace: skipped.traceId })).toMatchObject({ rows: 1 });
    expect(await count(20_000, 20_002)).toBe(0);
  });

  it('goes on where the service stands when the connection breaks, and takes no line twice', async () => {
    const file = csv(30_000, 9_000);
    let breaks = 0;
    const offsets: number[] = [];
    const source = (offset: number): AsyncIterable<string> => {
      offsets.push(offset);
      return breaking(Buffer.from(file).subarray(offset).toString(), breaks++ === 0 ? file.length / 2 : Infinity);
    };
    const report = await client.imports.run({ table: item, format: 'csv', mode: 'skip-bad' }, source);
    expect(report).toMatchObject({ state: 'complete', inserted: 9_000, refused: 0 });
    expect(offsets[0]).toBe(0);
    expect(offsets.length).toBeGreaterThan(1);
    expect(await count(30_000, 40_000)).toBe(9_000);
  });

  it('throws what can not be gone on with', async () => {
    await expect(client.imports.begin({ table: { name: 'nowhere' }, format: 'csv' })).rejects.toMatchObject({ status: 404, code: 'unknown-table' });
    await expect(stand.clientOf('sales').imports.run({ table: item, format: 'csv' }, new Blob([csv(50_000, 1)]))).rejects.toMatchObject({ status: 403 });
    const broken = client.imports.run({ table: item, format: 'csv' }, breaking(csv(50_000, 1_000), 4_000));
    await expect(broken).rejects.toMatchObject({ name: 'TypeError' });
    const stopped = AbortSignal.abort(new Error('no longer wanted'));
    await expect(client.imports.run({ table: item, format: 'csv' }, new Blob([csv(50_000, 1)]), { signal: stopped })).rejects.toThrow('no longer wanted');
    expect(await count(50_000, 60_000)).toBe(0);
  });
});

describe('an export of the client', () => {
  it('is a stream that tells how far it is, under a query', async () => {
    await client.from('few').insert([
      { id: 1, name: 'a' },
      { id: 2, name: 'ü' },
    ]);
    const told: ExportProgress[] = [];
    const file = await client.exportRows(
      { schema: 'app', name: 'few' },
      { format: 'csv', query: 'order=id.desc', onProgress: (progress) => told.push(progress) },
    );
    expect(await text(file)).toBe('id,name\n2,ü\n1,a');
    expect(told.at(-1)).toMatchObject({ bytes: 16, rows: 2 });
    expect(await text(await client.exportRows({ name: 'few' }, { format: 'ndjson', query: new URLSearchParams({ id: 'eq.1' }) }))).toBe(
      '{"id":1,"name":"a"}\n',
    );
    const parquet = new Uint8Array(await new Response(await client.exportRows({ name: 'few' }, { format: 'parquet' })).arrayBuffer());
    expect(new TextDecoder().decode(parquet.slice(0, 4))).toBe('PAR1');
  });

  it('is refused before its first byte', async () => {
    await expect(stand.clientOf('sales').exportRows({ name: 'few' }, { format: 'csv' })).rejects.toMatchObject({ status: 403, code: '42501' });
  });
});

/** A text, piece by piece, that ends after so many characters as a broken disk does. */
async function* breaking(file: string, at: number): AsyncGenerator<string> {
  for (let from = 0; from < file.length; from += 2_000) {
    if (from > at) throw new TypeError('the disk broke');
    yield file.slice(from, from + 2_000);
  }
}

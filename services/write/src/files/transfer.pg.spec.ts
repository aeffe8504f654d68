import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomBytes } from 'node:crypto';
import { readdir, rm, truncate } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { FileValue } from '#contracts/http/files';
import type { Reply } from '../testing/api-stand.ts';
import { type FilesStand, openFiles } from '../testing/files-stand.ts';

const MAX = 3_000_000;
let stand: FilesStand;

beforeAll(async () => {
  stand = await openFiles(
    `create schema app authorization lakeloop_owner; create schema other authorization lakeloop_owner; grant usage, create on schema app to analyst;
     grant usage on schema app to sales, agent`,
    { FILES_MAX_BYTES: MAX, FILES_STALL_MS: 1_000 },
  );
  const body = {
    name: 'docs',
    columns: [
      { name: 'note', type: 'text' },
      { name: 'doc', type: 'file' },
    ],
  };
  expect((await stand.call('POST', '/v1/tables?schema=app', { body })).status).toBe(201);
  await stand.database.client.query(`grant select (id, note), update (note) on app.docs to sales; grant select on app.docs to agent`);
});
afterAll(() => stand?.stop());

const sha256 = (bytes: string | Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const uploads = async (): Promise<number> =>
  (await stand.database.client.query<{ n: number }>('select count(*)::int as n from lakeloop.upload')).rows[0]?.n ?? -1;
/** Files on disk, those half-way included. */
const onDisk = async (): Promise<string[]> =>
  (await readdir(stand.directory, { recursive: true, withFileTypes: true })).filter((each) => each.isFile()).map(({ name }) => name);

async function placed(bytes: string | Uint8Array, headers: Record<string, string> = {}): Promise<{ id: number; file: FileValue }> {
  const { body: file } = await stand.upload(bytes, { headers });
  const made = await stand.call<{ id: number }[]>('POST', '/rest/v1/docs', { body: { doc: file }, headers: { prefer: 'return=representation' } });
  if (made.status !== 201) throw new Error(made.text);
  return { id: made.body[0]?.id ?? 0, file };
}

const read = (id: number, headers: Record<string, string> = {}, more: { method?: string; query?: string; role?: string } = {}): Promise<Reply> =>
  stand.download('docs', 'doc', { id }, { headers, ...more });

describe('an upload', () => {
  it('is answered with what it is, hashed as it came, and lies whole in the storage', async () => {
    const bytes = randomBytes(2_000_000);
    const headers = { 'content-type': 'image/png', 'content-disposition': 'attachment; filename="a \\"b\\".png"' };
    const { status, body } = await stand.upload(bytes, { headers });
    expect([status, body]).toEqual([
      201,
      { id: expect.stringMatching(/^[0-9a-f-]{36}$/), name: 'a "b".png', type: 'image/png', size: 2_000_000, sha256: sha256(bytes) },
    ]);
    expect(await onDisk()).toContain(body.id);
  });

  it('may have no length, no byte, no name and no type', async () => {
    const pieces = Readable.toWeb(Readable.from([Buffer.from('a'), Buffer.from('b')]));
    const headers = { authorization: `Bearer ${await stand.service.token('analyst')}` };
    const nameless = await fetch(`${stand.service.url}/v1/files`, { method: 'POST', headers, body: pieces, duplex: 'half' } as RequestInit);
    expect(await nameless.json()).toMatchObject({ name: 'file', type: 'application/octet-stream', size: 2, sha256: sha256('ab') });
    const { id, file } = await placed(new Uint8Array());
    expect(file).toMatchObject({ size: 0, sha256: sha256('') });
    const whole = await read(id);
    expect([whole.status, whole.text, whole.headers.get('content-length')]).toEqual([200, '', '0']);
    const part = await read(id, { range: 'bytes=0-' });
    expect([part.status, part.headers.get('content-range')]).toEqual([416, 'bytes */0']);
  });

  it('is refused beyond the limit, whether it says so or not, and leaves nothing', async () => {
    const [rows, files] = [await uploads(), await onDisk()];
    for (const body of [new Uint8Array(MAX + 1), Readable.from([Buffer.alloc(MAX), Buffer.alloc(1)]) as never])
      expect(await stand.upload(body)).toMatchObject({ status: 413, body: { type: 'urn:lakeloop:problem:too-large', limit: MAX } });
    expect([await uploads(), await onDisk()]).toEqual([rows, files]);
    expect((await stand.upload(new Uint8Array(MAX))).status).toBe(201);
  });

  it('that is cut off, stalls, or lies about its length leaves nothing', async () => {
    const [rows, files] = [await uploads(), await onDisk()];
    const half = { 'content-length': '1000' };
    const cut = await begun(half, 'x'.repeat(500));
    cut.destroy();
    const stalled = await begun(half, 'x'.repeat(500));
    expect(await said(stalled)).toContain('408 Request Timeout');
    const chunked = await begun({ 'transfer-encoding': 'chunked' }, '5\r\nhello\r\n');
    chunked.destroy();
    const wrong = await rawUpload({ 'transfer-encoding': 'chunked' }, 'zz\r\nhello\r\n');
    expect(await said(wrong)).toContain('400 Bad Request');
    const both = await rawUpload({ ...half, 'transfer-encoding': 'chunked' }, '0\r\n\r\n');
    expect(await said(both)).toContain('400 Bad Request');
    for (let left = [-1, ['']] as unknown; JSON.stringify(left) !== JSON.stringify([rows, files]);) left = [await uploads(), await onDisk()];
  });

  it('of a form, of an encoded body, or by who may write no file is refused', async () => {
    expect((await stand.upload('--x--', { headers: { 'content-type': 'multipart/form-data; boundary=x' } })).status).toBe(415);
    expect((await stand.upload('x', { headers: { 'content-encoding': 'gzip' } })).status).toBe(415);
    expect((await stand.upload('x', { role: 'sales' })).status).toBe(403);
    const anonymous = await fetch(`${stand.service.url}/v1/files`, { method: 'POST', body: 'x' });
    expect(anonymous.status).toBe(401);
  });

  it('of the same bytes by several at once is several files', async () => {
    const bytes = randomBytes(500_000);
    const files = await Promise.all(Array.from({ length: 8 }, () => stand.upload(bytes)));
    expect(new Set(files.map(({ body }) => body.id)).size).toBe(8);
    expect(new Set(files.map(({ body }) => body.sha256))).toEqual(new Set([sha256(bytes)]));
  });
});

describe('a download', () => {
  it('is the file, to be saved, and runs nothing', async () => {
    const { id, file } = await placed('<script>alert(1)</script>', {
      'content-type': 'text/html',
      'content-disposition': `attachment; filename*=UTF-8''%E2%82%AC%20rates.html`,
    });
    const { status, text, headers } = await read(id, {}, { query: '&inline=true' });
    expect([status, text]).toEqual([200, '<script>alert(1)</script>']);
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html',
      'content-disposition': `attachment; filename="_ rates.html"; filename*=UTF-8''%E2%82%AC%20rates.html`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringMatching(/^sandbox/),
      'cache-control': 'private, no-cache',
      'accept-ranges': 'bytes',
      etag: `"${file.sha256}"`,
      'content-length': '25',
    });
    const image = await placed('png', { 'content-type': 'image/png' });
    expect((await read(image.id)).headers.get('content-disposition')).toMatch(/^attachment/);
    expect((await read(image.id, {}, { query: '&inline=true' })).headers.get('content-disposition')).toMatch(/^inline/);
  });

  it('is had in part, by HEAD, and not again where it is known', async () => {
    const { id, file } = await placed('0123456789');
    const tag = `"${file.sha256}"`;
    for (const [range, content, text] of [
      ['bytes=2-4', 'bytes 2-4/10', '234'],
      ['bytes=7-', 'bytes 7-9/10', '789'],
      ['bytes=-2', 'bytes 8-9/10', '89'],
      ['bytes=0-99', 'bytes 0-9/10', '0123456789'],
    ] as const) {
      const part = await read(id, { range });
      expect([part.status, part.headers.get('content-range'), part.text]).toEqual([206, content, text]);
    }
    expect(await read(id, { range: 'bytes=10-' })).toMatchObject({ status: 416 });
    expect((await read(id, { range: 'bytes=1-2', 'if-range': tag })).text).toBe('12');
    expect((await read(id, { range: 'bytes=1-2', 'if-range': '"other"' })).text).toBe('0123456789');
    const head = await read(id, {}, { method: 'HEAD' });
    expect([head.status, head.text, head.headers.get('content-length'), head.headers.get('etag')]).toEqual([200, '', '10', tag]);
    const known = await read(id, { 'if-none-match': `"x", ${tag}` });
    expect([known.status, known.text, known.headers.get('etag')]).toEqual([304, '', tag]);
    expect((await read(id, { 'if-match': '"x"' })).status).toBe(412);
  });

  it('needs the grant on the column, the row, a file in it, and a name of a column of files', async () => {
    const { id } = await placed('x');
    expect((await read(id, {}, { role: 'sales' })).status).toBe(403);
    expect((await read(id, { 'if-none-match': '*' }, { role: 'sales' })).status).toBe(403);
    expect(await read(999_999)).toMatchObject({ status: 404, body: { type: 'urn:lakeloop:problem:unknown-row' } });
    await stand.call('PATCH', `/rest/v1/docs?id=eq.${id}`, { body: { doc: null } });
    expect(await read(id)).toMatchObject({ status: 404, body: { type: 'urn:lakeloop:problem:no-file' } });
    expect(await stand.download('docs', 'note', { id })).toMatchObject({ status: 400 });
    expect(await stand.download('docs', 'gone', { id })).toMatchObject({ status: 404, body: { type: 'urn:lakeloop:problem:unknown-column' } });
    expect(await stand.download('gone', 'doc', { id })).toMatchObject({ status: 404 });
    expect(await stand.download('docs', 'doc', { nr: id })).toMatchObject({ status: 400 });
    expect(await stand.download('docs', 'doc', 'no number')).toMatchObject({ status: 400 });
    for (const path of [
      'app.docs/doc',
      'lakeloop.upload/id?key=1',
      `app.docs/${encodeURIComponent('../doc')}?key=1`,
      'docs/doc?key=1',
      'app.docs/doc?key=1&key=2',
    ])
      expect([400, 404]).toContain((await stand.call('GET', `/v1/files/${path}`)).status);
  });

  it('says in words that bytes are gone, or are others', async () => {
    const { id, file } = await placed('0123456789');
    const path = join(stand.directory, file.id.slice(0, 2), file.id);
    await truncate(path, 4);
    expect(await read(id)).toMatchObject({
      status: 410,
      body: { type: 'urn:lakeloop:problem:bytes-missing', detail: expect.stringContaining('4 instead of 10') },
    });
    expect((await read(id, { range: 'bytes=8-9' })).status).toBe(410);
    await rm(path);
    expect(await read(id)).toMatchObject({
      status: 410,
      body: { detail: expect.stringContaining('not in the storage'), hint: expect.stringContaining(file.id) },
    });
    expect((await read(id, {}, { method: 'HEAD' })).status).toBe(410);
  });

  it('by an agent is on record first, with the hash of what it got', async () => {
    const { id, file } = await placed('for the agent');
    const claims = { sub: 'ann', act: { sub: 'bot' } };
    expect((await stand.download('docs', 'doc', { id }, { role: 'agent', claims })).text).toBe('for the agent');
    const { rows } = await stand.database.client.query(
      `select actor, agent, table_name, query, rows::int, encode(result_hash, 'hex') as hash from audit.agent_read`,
    );
    expect(rows).toEqual([{ actor: 'ann', agent: 'bot', table_name: 'docs', query: 'files/doc?key=?', rows: 1, hash: file.sha256 }]);
    await stand.database.client.query('revoke insert on audit.agent_read_begin from lakeloop_write');
    expect((await stand.download('docs', 'doc', { id }, { role: 'agent', claims })).status).toBe(503);
    await stand.database.client.query('grant insert on audit.agent_read_begin to lakeloop_write');
  });
});

/** A request by hand: what it says first, and no more. */
async function rawUpload(headers: Record<string, string>, body: string): Promise<ReturnType<typeof connect>> {
  const { hostname, port } = new URL(stand.service.url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  const lines = Object.entries({ host: 'x', authorization: `Bearer ${await stand.service.token('analyst')}`, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.write(`POST /v1/files HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`);
  return socket;
}

/** As `rawUpload`, and the service has begun to take it. */
async function begun(headers: Record<string, string>, body: string): Promise<ReturnType<typeof connect>> {
  const ids = async (): Promise<string[]> => (await stand.database.client.query<{ id: string }>('select id from lakeloop.upload')).rows.map(({ id }) => id);
  const before = new Set(await ids());
  const socket = await rawUpload(headers, body);
  while ((await ids()).every((id) => before.has(id)));
  return socket;
}

async function said(socket: ReturnType<typeof connect>): Promise<string> {
  let text = '';
  for await (const piece of socket) text += String(piece);
  return text;
}

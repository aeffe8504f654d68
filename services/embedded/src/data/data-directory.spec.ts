import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataDirectory } from './data-directory.ts';
import { loadSecrets } from './secrets.ts';

let path: string;
beforeEach(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'lakeloop-data-')), 'data');
});
afterEach(() => rm(join(path, '..'), { recursive: true, force: true }));

describe('the data directory', () => {
  it('is created for this user alone', async () => {
    const data = await DataDirectory.open(path);
    expect((await stat(path)).mode & 0o777).toBe(0o700);
    await data.release();
  });

  it('refuses a second instance, and says where the first one is', async () => {
    const data = await DataDirectory.open(path);
    await data.announce('http://localhost:8080');
    await expect(DataDirectory.open(path)).rejects.toMatchObject({
      kind: 'misconfigured',
      message: expect.stringMatching(/already running .* at http:\/\/localhost:8080 \(process \d+\): stop it first/),
    });
    await data.release();
  });

  it('can be taken again once the first instance has let go', async () => {
    await (await DataDirectory.open(path)).release();
    await (await DataDirectory.open(path)).release();
  });

  it('says what to do where it can not be created', async () => {
    await writeFile(join(path, '..', 'file'), '');
    await expect(DataDirectory.open(join(path, '..', 'file'))).rejects.toMatchObject({
      kind: 'misconfigured',
      message: expect.stringContaining('LAKELOOP_DATA'),
    });
  });

  it('loses what an instance wrote on a reset, and nothing else', async () => {
    const data = await DataDirectory.open(path);
    await mkdir(join(path, 'postgres'), { recursive: true });
    await writeFile(join(path, 'secrets.json'), '{}');
    await writeFile(join(path, 'notes.txt'), 'mine');
    await data.reset();
    expect(['postgres', 'secrets.json', 'notes.txt'].map((name) => existsSync(join(path, name)))).toEqual([false, false, true]);
    await data.release();
  });
});

describe('secrets', () => {
  beforeEach(() => mkdir(path));

  it('are made once, for this user alone, and kept', async () => {
    const made = await loadSecrets(path);
    expect((await stat(join(path, 'secrets.json'))).mode & 0o777).toBe(0o600);
    expect(await loadSecrets(path)).toEqual(made);
  });

  it('differ from one installation to the next', async () => {
    const other = join(path, 'other');
    await mkdir(other);
    expect((await loadSecrets(path)).postgres).not.toBe((await loadSecrets(other)).postgres);
  });

  it('are not made anew beside a database that needs the old ones', async () => {
    await mkdir(join(path, 'postgres'));
    await expect(loadSecrets(path)).rejects.toMatchObject({ kind: 'misconfigured', message: expect.stringContaining('npm start -- --reset') });
  });

  it.each(['', '{', '{"postgres":"short"}'])('are refused when damaged, without quoting them: %j', async (text) => {
    await writeFile(join(path, 'secrets.json'), text);
    await expect(loadSecrets(path)).rejects.toMatchObject({ kind: 'misconfigured', message: expect.not.stringContaining('short') });
  });
});

import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ApiStand, openApi } from '../testing/api-stand.ts';

let stand: ApiStand;
let directory: string;
beforeAll(async () => {
  stand = await openApi('create schema workspace authorization lakeloop_owner; grant usage, create on schema workspace to analyst', {
    editsTables: true,
    config: { REST_SCHEMAS: ['workspace'] },
  });
  // Below the repository, whose package.json says what #libs is.
  await mkdir('.lakeloop', { recursive: true });
  directory = await mkdtemp('.lakeloop/client-guide-');
});
afterAll(async () => {
  await stand?.stop();
  if (directory) await rm(directory, { recursive: true, force: true });
});

describe('the program in docs/client.md', () => {
  it('runs as it stands', async () => {
    const guide = await readFile('docs/client.md', 'utf8');
    const program = [...guide.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code).join('\n');
    const file = join(directory, 'guide.ts');
    await writeFile(file, program);
    expect(await printed(file)).toEqual([
      'would lose 0',
      'inserted Nord new',
      'answered [ 201, 204 ]',
      "change by user-of-analyst [ 'updated_at', 'state' ] null",
      expect.stringMatching(/^change by user-of-analyst \[.*\] by phone$/),
      "differ in [ 'updated_at' ]",
      'imported 1 refused [ 3 ]',
      'customer,amount',
      'West,4.00',
      'Ost,7.00',
      'Nord,12.50',
      expect.stringMatching(/^409 rows-in-the-way \[/),
    ]);
  });
});

/** Lines that a program prints, each value of one line. */
async function printed(file: string): Promise<string[]> {
  const env = { ...process.env, LAKELOOP_URL: stand.service.url, TOKEN: await stand.service.token('analyst') };
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const out = await text(child.stdout);
  expect(await ended).toBe(0);
  return out.split('\n').filter((line) => line !== '' && !/^\s|^\]/.test(line));
}

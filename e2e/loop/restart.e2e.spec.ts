import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCase, type Recommendation } from '../support/case.ts';
import { type EmbeddedShape, freePort, spawnEmbedded, startEmbedded } from '../support/embedded-shape.ts';
import { Person } from '../support/person.ts';
import { eventually } from '../support/process.ts';

describe('the embedded shape', () => {
  let directory: string;
  let shape: EmbeddedShape;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lakeloop-restart-'));
    shape = await startEmbedded({ dataDirectory: join(directory, 'data') });
  }, 180_000);
  afterAll(async () => {
    await shape?.stop();
    await rm(directory, { recursive: true, force: true });
  }, 60_000);

  const recommended = (flagId: string): Promise<Recommendation> =>
    eventually(
      async () => (await new Person(shape, 'approver').call<Recommendation[]>('exceptions', `recommendations?flag_id=eq.${flagId}`)).body[0],
      () => `no recommendation for ${flagId}`,
    );

  it('goes on where it was after kill -9, with every acknowledged row and the same accounts', async () => {
    const flag = await openCase(new Person(shape, 'administrator'), new Person(shape, 'analyst'));
    await shape.process.end('SIGKILL');
    const accounts = shape.accounts;
    shape = await startEmbedded({ dataDirectory: shape.dataDirectory });
    expect(shape.accounts).toEqual(accounts);
    expect((await recommended(flag.id)).class).toEqual(expect.any(String));
  }, 120_000);

  it('ends with 0 on SIGTERM and starts again on the same data', async () => {
    const flag = await openCase(new Person(shape, 'administrator'), new Person(shape, 'analyst'));
    await recommended(flag.id);
    expect(await shape.process.end('SIGTERM')).toBe(0);
    shape = await startEmbedded({ dataDirectory: shape.dataDirectory });
    await recommended(flag.id);
  }, 120_000);

  it('refuses a second instance on the same data, a taken port and a half-written directory, each in one line that says what to do', async () => {
    const refusal = async (dataDirectory: string, port: number): Promise<string> => {
      const second = spawnEmbedded(dataDirectory, port, await freePort());
      expect(await second.exit()).toBe(1);
      return second.output.trim().split('\n').at(-1) ?? '';
    };
    expect(await refusal(shape.dataDirectory, await freePort())).toMatch(/already running.*stop it first/);
    expect(await refusal(join(directory, 'other'), Number(new URL(shape.url).port))).toMatch(/port .* is taken.*choose another/i);
    const half = join(directory, 'half');
    await mkdir(join(half, 'postgres'), { recursive: true });
    await writeFile(join(half, 'postgres', 'PG_VERSION'), '18');
    await cp(join(shape.dataDirectory, 'secrets.json'), join(half, 'secrets.json'));
    expect(await refusal(half, await freePort())).toMatch(/half-written.*--reset/);
  }, 60_000);
});

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '#libs/runtime/logger';
import { DatabricksDouble, CATALOG, HTTP_PATH, TOKEN, VOLUME } from '#libs/testing/databricks/databricks-double';
import { StaticToken } from '#libs/lakehouse/databricks/credentials';
import { DatabricksLakehouse } from '#libs/lakehouse/databricks/databricks-lakehouse';
import { HistoryHarness } from './testing/history-harness.ts';

let double: DatabricksDouble;
let lake: HistoryHarness;
beforeAll(async () => {
  double = await DatabricksDouble.start();
});
afterAll(() => double.stop());

beforeEach(async () => {
  const logger = createLogger({ service: 'test', level: 'silent' });
  const connection = { host: double.host, httpPath: HTTP_PATH, credentials: new StaticToken(TOKEN), caCertificate: double.certificate };
  const lakehouse = new DatabricksLakehouse({ ...connection, catalog: CATALOG, volume: VOLUME, logger });
  lake = await HistoryHarness.create({ lakehouse });
});
afterEach(() => lake.close());

const VIEW = { schema: 'public', name: 't_current' };

describe('current rows on Databricks', () => {
  it('are a view that follows changes, merges and columns', async () => {
    const types: Record<string, string> = { id: 'int4', n: 'int4', note: 'text' };
    const feeds = await lake.run(types);
    const upkeep = lake.upkeep('t', { sliceChanges: 2n });
    const shown = (): Promise<unknown> => lake.query(`select * from \`${CATALOG}\`.\`public\`.\`t_current\` order by id`);
    await lake.append([
      { op: 'c', after: '{"id":1,"n":1,"note":"a"}' },
      { op: 'c', after: '{"id":2,"n":2,"note":"b"}', key: '{"id":2}' },
      { op: 'c', after: '{"id":3,"n":3,"note":"c"}', key: '{"id":3}' },
      { op: 'u', after: '{"id":1,"n":10,"note":"__debezium_unavailable_value"}' },
    ]);
    await lake.settled(feeds);
    expect(await upkeep.run(0)).toBe(2);
    const first = [
      { id: 1, n: 10, note: 'a' },
      { id: 2, n: 2, note: 'b' },
      { id: 3, n: 3, note: 'c' },
    ];
    expect(await shown()).toEqual(first);

    await lake.append([
      { op: 'd', before: '{"id":2}', key: '{"id":2}' },
      { op: 'u', after: '{"id":3,"n":30,"note":"__debezium_unavailable_value"}', key: '{"id":3}' },
    ]);
    await lake.settled(feeds);
    const second = [
      { id: 1, n: 10, note: 'a' },
      { id: 3, n: 30, note: 'c' },
    ];
    expect(await shown()).toEqual(second);
    expect(await upkeep.run(0)).toBe(1);
    expect(await shown()).toEqual(second);

    types['more'] = 'bool';
    await lake.append([{ op: 'u', after: '{"id":1,"n":11,"note":"z","more":true}' }]);
    await lake.settled(feeds);
    await upkeep.run(0);
    expect(await shown()).toEqual([
      { id: 1, n: 11, note: 'z', more: true },
      { id: 3, n: 30, note: 'c', more: null },
    ]);
    await lake.append([{ op: 't' }]);
    await lake.settled(feeds);
    expect(await shown()).toEqual([]);
    await upkeep.run(0);
    expect(await shown()).toEqual([]);
  }, 60_000);

  it('are no table to those who ask for tables', async () => {
    const feeds = await lake.run({ id: 'int4' });
    await lake.append([{ op: 'c', after: '{"id":1}' }], 'u');
    await lake.settled(feeds, 'u');
    await lake.upkeep('u').run(0);
    expect(await lake.lakehouse.describe({ ...VIEW, name: 'u_current' })).toBeUndefined();
    expect((await lake.lakehouse.tables('public')).map(({ name }) => name)).toEqual(expect.arrayContaining(['u_base', 'u_history']));
    expect(await lake.lakehouse.tables('public')).not.toContainEqual({ schema: 'public', name: 'u_current' });
  }, 60_000);
});

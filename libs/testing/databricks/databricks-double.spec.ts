import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DBSQLClient } from '@databricks/sql';
import { CATALOG, DatabricksDouble, HTTP_PATH, TOKEN } from './databricks-double.ts';

/** The driver as it comes, against the double. */
describe('the double of a Databricks workspace', () => {
  let double: DatabricksDouble;
  let client: DBSQLClient;
  beforeAll(async () => {
    process.env['DATABRICKS_TELEMETRY_DISABLED'] = '1';
    double = await DatabricksDouble.start();
    client = new DBSQLClient();
    await client.connect({
      host: 'localhost',
      port: double.port,
      path: HTTP_PATH,
      token: TOKEN,
      customCaCert: double.certificate,
      preserveBigNumericPrecision: true,
      telemetryEnabled: false,
    });
    Object.assign(client.getConfig(), { useArrowNativeTypes: false });
  });
  afterAll(async () => {
    await client.close();
    await double.stop();
  });

  const run = async (sql: string): Promise<object[]> => {
    const session = await client.openSession();
    try {
      const operation = await session.executeStatement(sql);
      return await operation.fetchAll();
    } finally {
      await session.close();
    }
  };

  it('answers a query in Arrow', async () => {
    expect(await run(`select cast(9007199254740993 as bigint) as l, 'it\\'s' as t, cast('1.50' as decimal(10,2)) as d, date '2024-02-29' as dt`)).toEqual([
      { l: 9007199254740993n, t: "it's", d: '1.50', dt: new Date('2024-02-29') },
    ]);
  });

  it('gives many rows in pieces', async () => {
    expect(await run('select id from range(250000)')).toHaveLength(250_000);
  });

  it('refuses what it does not know', async () => {
    await expect(run('GRANT SELECT ON TABLE x TO y')).rejects.toThrow(/PARSE_SYNTAX_ERROR.*42601/);
    await expect(run(`select * from \`${CATALOG}\`.\`default\`.\`nothing\``)).rejects.toThrow(/TABLE_OR_VIEW_NOT_FOUND.*42P01/);
  });
});

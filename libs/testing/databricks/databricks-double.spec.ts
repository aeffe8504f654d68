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
    client = new DBSQLClient({ logger: { log: () => undefined } });
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

  const run = async (sql: string, namedParameters: Record<string, bigint | number | string> = {}): Promise<object[]> => {
    const session = await client.openSession();
    try {
      const operation = await session.executeStatement(sql, { namedParameters });
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

  it('commits a transaction whole or not at all', async () => {
    const name = (table: string): string => `\`${CATALOG}\`.\`default\`.\`${table}\``;
    const managed = `TBLPROPERTIES ('delta.feature.catalogManaged' = 'supported')`;
    for (const table of ['one', 'two']) await run(`CREATE TABLE ${name(table)} (\`id\` BIGINT NOT NULL) USING DELTA ${managed}`);
    const insert = (table: string, value: string): string => `INSERT INTO ${name(table)} (\`id\`) SELECT ${value};`;
    await expect(run(`BEGIN ATOMIC ${insert('one', '1')} ${insert('two', 'NULL')} END`)).rejects.toThrow(/DELTA_NOT_NULL_CONSTRAINT_VIOLATED.*23502/);
    await expect(run(`BEGIN ATOMIC ${insert('one', '1')} IF 1 = 1 THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF; END`)).rejects.toThrow(/45000/);
    expect(await run(`SELECT id FROM ${name('one')}`)).toEqual([]);
    await run(`BEGIN ATOMIC ${insert('one', '1')} ${insert('two', `(SELECT max(id) + 1 FROM ${name('one')})`)} END`);
    expect(await run(`SELECT id FROM ${name('two')}`)).toEqual([{ id: 2n }]);
    await run(`CREATE TABLE ${name('plain')} (\`id\` BIGINT) USING DELTA`);
    await expect(run(`BEGIN ATOMIC ${insert('plain', '1')} END`)).rejects.toThrow(/TRANSACTION_NOT_SUPPORTED.*0A000/);
  });

  it('knows settings, retentions and names as a warehouse does', async () => {
    await expect(client.openSession({ configuration: { 'spark.databricks.delta.write.txnAppId': 'x' } })).rejects.toMatchObject({
      message: expect.stringContaining('CONFIG_NOT_AVAILABLE'),
    });
    await expect(run(`VACUUM \`${CATALOG}\`.\`default\`.\`one\` RETAIN 0 HOURS`)).rejects.toThrow(/RETENTION_PERIOD_TOO_SHORT/);
    await expect(run(`CREATE TABLE \`${CATALOG}\`.\`default\`.\`odd\` (\`a b\` STRING) USING DELTA`)).rejects.toThrow(
      /DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES/,
    );
    await expect(run(`SELECT 1 AS "a b"`)).rejects.toThrow(/PARSE_SYNTAX_ERROR/);
  });

  it('takes limits, patterns, places and numbers of parameters as a warehouse does', async () => {
    await expect(run('SELECT id FROM range(9) LIMIT :n', { n: 2n })).rejects.toThrow(/INVALID_LIMIT_LIKE_EXPRESSION.*42K0E/);
    expect(await run('SELECT id FROM range(9) LIMIT cast(:n AS INT) OFFSET :m', { n: 1n, m: 2 })).toEqual([{ id: 2n }]);
    await expect(run(`SELECT 'a' LIKE :p AS x`, { p: String.raw`\a` })).rejects.toThrow(/ESC_IN_THE_MIDDLE/);
    await expect(run(`SELECT 'a' LIKE :p AS x`, { p: 'a\\' })).rejects.toThrow(/ESC_AT_THE_END/);
    expect(await run(`SELECT 'a_' ILIKE :p AS x, 'ab' LIKE 'a\\_' AS y`, { p: String.raw`A\_` })).toEqual([{ x: true, y: false }]);
    await expect(run(`SELECT regexp_like('a', :p) AS x`, { p: '(' })).rejects.toThrow(/INVALID_PARAMETER_VALUE.PATTERN.*22023/);
    await expect(run('SELECT no_such_function(1) AS x')).rejects.toThrow(/UNRESOLVED_ROUTINE.*42883/);
    expect(await run(`SELECT from_json('["a","b"]', 'array<string>')[1] AS x, get_json_object('{"a b":[7]}', :path) AS y`, { path: `$['a b'][0]` })).toEqual([
      { x: 'b', y: '7' },
    ]);
    const many = Object.fromEntries(Array.from({ length: 256 }, (_, index) => [`p${index}`, index]));
    const sum = Object.keys(many).map((name) => `:${name}`);
    await expect(run(`SELECT ${sum.join(' + ')} AS x`, many)).rejects.toMatchObject({ message: expect.stringContaining('INVALID_PARAMETER_VALUE') });
  });
});

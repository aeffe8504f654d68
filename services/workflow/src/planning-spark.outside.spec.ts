import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { runSpark, SPARK_MS } from '#libs/lakehouse/delta/outside/spark/run-spark';
import { PlanningServer } from './planning-server.fixture.ts';

let server: PlanningServer;
beforeAll(async () => {
  server = await PlanningServer.start();
}, 300_000);
afterAll(() => server.stop());

it(
  'Spark reads the consolidated plan and its history, and every version ties out with Postgres',
  async () => {
    await server.run();
    for (const amount of [100, -40, 7]) await server.edit(amount);
    const history = await server.history();
    expect(history).toHaveLength(4);
    const answers = await runSpark(server.directory, { statements: [], read: history.map(({ lake }) => ({ path: server.table, version: lake })) });
    expect(answers.filter(({ error }) => error !== undefined)).toEqual([]);
    const linesOf = (lake: number): [key: string, amount: string, version: number][] => {
      const { columns = [], rows = [] } = answers.find(({ version }) => version === lake) ?? {};
      const places = ['product', 'region', 'period', 'measure', 'amount', 'version'].map((name) => columns.findIndex(([column]) => column === name));
      return rows.map((row) => {
        const [product, region, period, measure, amount, version] = places.map((place) => String(row[place]));
        return [[product, region, period, measure].join('|'), amount ?? '', Number(version)];
      });
    };
    for (const { lake, amounts } of history) {
      const lines = linesOf(lake);
      expect(Object.fromEntries(lines.map(([key, amount]) => [key, amount]))).toEqual(amounts);
      expect(lines).toHaveLength(Object.keys(amounts).length);
    }
    const newest = linesOf(history.at(-1)?.lake ?? 0);
    expect(Object.fromEntries(newest.map(([key, amount, version]) => [key, [amount, version]]))).toEqual(await server.plan());
  },
  SPARK_MS,
);

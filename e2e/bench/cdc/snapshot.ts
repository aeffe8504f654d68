import { type Figures, timeDrain } from './drained.ts';
import { Engine, type EngineName } from './engine.ts';
import type { Options } from './options.ts';
import { dropSlot, type Stage } from './stage.ts';

const TABLE = 'snapshot';

/** A first start over a table that has rows: each side alone. */
export async function measureSnapshot(stage: Stage, { engines, compression, rows, say }: Options): Promise<Map<EngineName, Figures>> {
  await stage.createTable(TABLE);
  say(`snapshot: inserting ${rows} rows`);
  await stage.fill(TABLE, rows);
  const figures = new Map<EngineName, Figures>();
  for (const name of engines) {
    const engine = new Engine(name, stage, { table: TABLE, compression, snapshot: true });
    await engine.createPublication();
    say(`snapshot: ${name}`);
    figures.set(name, await timeDrain(stage, engine, rows, say));
    await dropSlot(stage.client, engine.slot);
  }
  return figures;
}

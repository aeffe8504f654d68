import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Drained } from '#libs/testing/drain-slot';
import { REPOSITORY } from '../../support/repository.ts';
import { type Figures, reaches, timeDrain } from './drained.ts';
import { Engine, type EngineName } from './engine.ts';
import type { Options } from './options.ts';
import { dropSlot, type Stage } from './stage.ts';

export interface Round {
  rows: number;
  raw: Drained | undefined;
  engines: Map<EngineName, Figures>;
}

const TABLE = 'backlog';
const RAW = 'raw_backlog';
/** The broker, as a process that outlives every side's, compiles what it runs while it runs it: the first side to be timed would pay for the others. */
const PRIMING_ROWS = 200_000;

/** Rounds of: rows inserted while nobody reads, then drained by each side alone on the machine, from the same WAL. */
export class Backlog {
  readonly #stage: Stage;
  readonly #options: Options;
  readonly #engines: Engine[];

  private constructor(stage: Stage, options: Options) {
    this.#stage = stage;
    this.#options = options;
    this.#engines = options.engines.map((name) => new Engine(name, stage, { table: TABLE, compression: options.compression, snapshot: false }));
  }

  /** Makes slots, topics and positions, so that what is timed is a restart over a backlog. */
  static async prepare(stage: Stage, options: Options): Promise<Backlog> {
    const backlog = new Backlog(stage, options);
    await stage.createTable(TABLE);
    await stage.client.query(`create publication ${RAW} for table bench.${TABLE}`);
    for (const engine of backlog.#engines) {
      options.say(`backlog: first start of ${engine.name}`);
      await engine.createPublication();
      const running = engine.start();
      await running;
      await stage.fill(TABLE, PRIMING_ROWS);
      await reaches(async () => (await stage.log.bounds(engine.topic))[0]?.next ?? 0n, BigInt(PRIMING_ROWS), running);
      await (await running).stop();
    }
    return backlog;
  }

  async round(rows: number): Promise<Round> {
    const { say } = this.#options;
    const { client } = this.#stage;
    if (this.#options.raw) await client.query(`select pg_create_logical_replication_slot('${RAW}', 'pgoutput')`);
    say(`backlog: inserting ${rows} rows`);
    await this.#stage.fill(TABLE, rows);
    const round: Round = { rows, raw: undefined, engines: new Map() };
    if (this.#options.raw) {
      say('backlog: reading the raw stream');
      round.raw = await this.#readRaw(rows);
      await dropSlot(client, RAW);
    }
    for (const engine of this.#engines) {
      say(`backlog: ${engine.name}`);
      round.engines.set(engine.name, await timeDrain(this.#stage, engine, rows, say));
    }
    return round;
  }

  async #readRaw(rows: number): Promise<Drained> {
    const script = join(REPOSITORY, 'e2e', 'bench', 'cdc', 'raw-reader.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [script, this.#stage.databaseUrl, RAW, RAW, String(rows)]);
    return JSON.parse(stdout) as Drained;
  }
}

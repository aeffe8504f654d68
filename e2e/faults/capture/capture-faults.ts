import { setTimeout as delay } from 'node:timers/promises';
import { TcpProxy } from '#libs/testing/tcp-proxy';
import { eventually } from '../../support/process.ts';
import { shuffled } from '../random.ts';
import type { CaptureProcess } from './capture-process.ts';
import { Ledger } from './ledger.ts';
import type { Stand } from './stand.ts';
import { judge, type Verdict } from './verdict.ts';

export interface CapturePlan {
  random: () => number;
  /** SIGKILLs, over all failpoints and at random moments. */
  kills: number;
  /** Times each of the other faults is made. */
  rounds: number;
  /** Rows of the transaction that a kill falls into. */
  bulkRows: number;
  log: (line: string) => void;
}

export interface CaptureReport extends Verdict {
  kills: number;
  faults: number;
  /** From SIGKILL to streaming again, the start of the process included, ms. */
  worstRecoveryMs: number;
  /** Most WAL that the slot held back, bytes. */
  slotGrowth: number;
  peakMegabytes: number;
  /** Of the large transaction: rows that are missing, and that came again after the kill in it. */
  bulkLost: number;
  bulkRepeated: number;
}

const FAILPOINTS = ['cdc.before-publish', 'cdc.after-publish', 'cdc.after-progress', 'cdc.before-acknowledge'];

/** Makes faults under a capture while the ledger writes, one at a time in a seeded order, and compares the topic with the journal in the end. */
export class CaptureFaults {
  readonly #stand: Stand;
  readonly #plan: CapturePlan;
  readonly #kafka: TcpProxy;
  readonly #ledger: Ledger;
  #capture: CaptureProcess;
  #worstRecoveryMs = 0;
  #slotGrowth = 0;
  #peakMegabytes = 0;
  #made = 0;

  private constructor(stand: Stand, plan: CapturePlan, kafka: TcpProxy, capture: CaptureProcess) {
    this.#stand = stand;
    this.#plan = plan;
    this.#kafka = kafka;
    this.#capture = capture;
    this.#ledger = new Ledger({ url: () => stand.postgres.url, random: plan.random, keys: 50, pauseMs: 4 });
  }

  static async run(stand: Stand, plan: CapturePlan): Promise<CaptureReport> {
    const capture = await stand.capture();
    await capture.streaming();
    const suite = new CaptureFaults(stand, plan, stand.proxy, capture);
    suite.#ledger.start();
    try {
      for (const [name, fault] of suite.#schedule()) await suite.#make(name, fault);
      return await suite.#report();
    } finally {
      await suite.#ledger.stop();
    }
  }

  #schedule(): [string, () => Promise<void>][] {
    const { kills, rounds, random } = this.#plan;
    const killed = Array.from({ length: kills }, (_, index): [string, () => Promise<void>] => {
      const failpoint = FAILPOINTS[index % (FAILPOINTS.length + 1)];
      return failpoint ? [`SIGKILL ${failpoint}`, () => this.#killAt(failpoint)] : ['SIGKILL at random', () => this.#killAnywhere()];
    });
    const others: [string, () => Promise<void>][] = [
      ['walsender terminated', () => this.#terminateWalsender()],
      ['broker killed', () => this.#killBroker()],
      ['Postgres stopped immediately', () => this.#crashPostgres()],
      ['reset behind a produce', () => this.#resetProduce()],
      ['slow, cut and narrow network', () => this.#badWeather()],
      ['schema changes', () => this.#changeSchema()],
    ];
    return [
      ...shuffled([...killed, ...Array.from({ length: rounds }, () => others).flat()], random),
      ['kill inside a large transaction', () => this.#killInBulk()],
    ];
  }

  async #make(name: string, fault: () => Promise<void>): Promise<void> {
    await delay(100 + this.#plan.random() * 200);
    this.#peakMegabytes = Math.max(this.#peakMegabytes, await this.#capture.peakMegabytes());
    const start = performance.now();
    await fault();
    this.#made += 1;
    this.#slotGrowth = Math.max(this.#slotGrowth, await this.#stand.slotGrowth());
    this.#plan.log(`${this.#made}. ${name}: ${Math.round(performance.now() - start)} ms`);
  }

  /** Starts anew where it was killed; the time counts from the kill. */
  async #recover(): Promise<void> {
    const start = performance.now();
    this.#capture = await this.#stand.capture();
    await this.#capture.firstStreaming();
    this.#worstRecoveryMs = Math.max(this.#worstRecoveryMs, performance.now() - start);
  }

  /** A process that dies at the failpoint by itself, at one of its first hits. */
  async #killAt(failpoint: string): Promise<void> {
    await this.#capture.end('SIGTERM');
    const nth = 1 + Math.floor(this.#plan.random() * 20);
    const doomed = await this.#stand.capture({ LAKELOOP_FAILPOINTS: `${failpoint}=kill:${nth}` });
    await doomed.exit();
    await this.#recover();
  }

  async #killAnywhere(): Promise<void> {
    await this.#capture.end('SIGKILL');
    await this.#recover();
  }

  async #terminateWalsender(): Promise<void> {
    await this.#stand.sql('select pg_terminate_backend(active_pid) from pg_replication_slots where active_pid is not null');
    await this.#capture.streaming();
  }

  async #killBroker(): Promise<void> {
    await this.#stand.broker.kill();
    await delay(this.#plan.random() * 500);
    this.#stand.broker = await this.#stand.broker.restart();
    await this.#progress();
  }

  async #crashPostgres(): Promise<void> {
    await this.#stand.postgres.restart('immediate');
    await this.#progress();
  }

  /** The broker has the records, and its answer never comes. */
  async #resetProduce(): Promise<void> {
    let resets = 0;
    this.#kafka.judge((chunk, direction) => (direction === 'up' && isProduce(chunk) && ++resets <= 3 ? 'reset' : 'pass'));
    await eventually(
      async () => resets >= 3,
      () => 'nothing was produced',
    );
    this.#kafka.judge(undefined);
    await this.#progress();
  }

  async #badWeather(): Promise<void> {
    this.#kafka.weather = { latencyMs: 20, sliceBytes: 100, bytesPerSecond: 500_000 };
    await delay(500);
    this.#kafka.weather = {};
    await this.#progress();
  }

  async #changeSchema(): Promise<void> {
    const column = `c${this.#made}`;
    await this.#stand.sql(`alter table ledger add column ${column} text default 'new'`);
    await delay(50);
    await this.#stand.sql(`alter table ledger alter column ${column} type varchar(20); alter table ledger rename ${column} to ${column}_renamed`);
    await delay(50);
    await this.#stand.sql(`alter table ledger drop column ${column}_renamed`);
  }

  /** COPY writes many rows as one record: they share an LSN. */
  async #killInBulk(): Promise<void> {
    const { bulkRows } = this.#plan;
    await this.#stand.sql(`create table bulk (id int primary key);
      do $$ begin alter publication lakeloop add table bulk; exception when duplicate_object then null; end $$`);
    // So that the kill falls into it.
    this.#kafka.weather = { bytesPerSecond: 5_000_000 };
    await this.#stand.sql(`copy bulk from program 'seq 1 ${bulkRows}'`);
    await eventually(
      async () => (await this.#stand.count('public.bulk')) > bulkRows * 0.5,
      () => 'the large transaction does not come',
      120_000,
    );
    await this.#capture.end('SIGKILL');
    this.#kafka.weather = {};
    await this.#recover();
    await eventually(
      async () => (await this.#bulk()).at(-1) === bulkRows,
      () => 'the large transaction does not end',
      120_000,
    );
  }

  async #bulk(): Promise<number[]> {
    return (await this.#stand.records('public.bulk')).map(({ value }) => (JSON.parse(value ?? '{}') as { after: { id: number } }).after.id);
  }

  /** Something written now is delivered. */
  async #progress(): Promise<void> {
    const before = this.#ledger.journal.length;
    await eventually(
      async () => this.#ledger.journal.length > before,
      () => 'the database takes no writes',
    );
    const count = await eventually(
      async () => this.#stand.count(Ledger.TABLE),
      () => 'the broker does not answer',
    );
    await eventually(
      async () => (await this.#stand.count(Ledger.TABLE)) > count,
      () => `nothing is published: ${this.#capture.output.slice(-2_000)}`,
    );
  }

  async #report(): Promise<CaptureReport> {
    await this.#ledger.stop();
    const last = this.#ledger.journal.at(-1);
    if (last) await this.#stand.untilDelivered(last);
    const bulk = await this.#bulk();
    return {
      ...judge(this.#ledger.journal, await this.#stand.delivered()),
      kills: this.#plan.kills + 1,
      faults: this.#made,
      worstRecoveryMs: Math.round(this.#worstRecoveryMs),
      slotGrowth: this.#slotGrowth,
      peakMegabytes: this.#peakMegabytes,
      bulkLost: this.#plan.bulkRows - new Set(bulk).size,
      bulkRepeated: bulk.length - new Set(bulk).size,
    };
  }
}

/** API key 0 in a request's header, behind its length. */
function isProduce(chunk: Buffer): boolean {
  return chunk.length > 12 && chunk.readInt16BE(4) === 0 && chunk.readInt16BE(6) <= 12;
}

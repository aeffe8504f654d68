import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '../../support/process.ts';
import { type Round, roundsOf } from './rounds.ts';
import type { EditStand } from './stand.ts';
import { columnsOf, type Findings, findings } from './verdict.ts';
import { Writers } from './writers.ts';

export interface EditPlan {
  random: () => number;
  /** SIGKILLs in all; every kind of edit is made at least once. */
  kills: number;
  rows: number;
  log: (line: string) => void;
}

export interface EditFaultReport extends Findings {
  kills: number;
  /** Edits by how they ended. */
  ended: Record<Round['end'], number>;
  /** Edits that ended otherwise than they had to, or that left other columns. */
  wrong: string[];
  /** Writes that were refused though nothing was wrong with them. */
  refused: string[];
  writes: number;
}

const FAILPOINTS = [
  'in-page',
  'after-page',
  'before-index',
  'after-index',
  'before-validate',
  'before-validation',
  'before-swap',
  'in-swap',
  'after-swap',
  'before-abandon',
];
/** Kills of one edit, so that few meet several edits too. */
const MOST_KILLS_EACH = 4;
const KINDS = 5;

/** Edits a large table in steps while it is written, kills the service that does it again and again, and looks at what is left after each edit. */
export class EditFaults {
  readonly #stand: EditStand;
  readonly #plan: EditPlan;
  readonly #writers: Writers;
  readonly #report: Pick<EditFaultReport, 'kills' | 'ended' | 'wrong'> = { kills: 0, ended: { applied: 0, failed: 0, cancelled: 0 }, wrong: [] };

  private constructor(stand: EditStand, plan: EditPlan) {
    this.#stand = stand;
    this.#plan = plan;
    this.#writers = new Writers({ stand, random: plan.random, rows: plan.rows });
  }

  static async run(stand: EditStand, plan: EditPlan): Promise<EditFaultReport> {
    const suite = new EditFaults(stand, plan);
    await suite.#prepare();
    const all: Findings[] = [];
    try {
      for (let turn = 0; turn === 0 || suite.#report.kills < plan.kills; turn += 1)
        for (const round of roundsOf(turn)) {
          await suite.#round(round);
          all.push(await findings(stand.psql, suite.#writers.journal, plan.rows));
        }
    } finally {
      await suite.#writers.close();
    }
    const { insert, update, delete: removed } = suite.#writers.journal.done;
    const lists = <K extends keyof Findings>(key: K): string[] => all.flatMap((each) => each[key]);
    return {
      ...suite.#report,
      writes: insert + update + removed,
      lost: lists('lost'),
      falseEntries: lists('falseEntries'),
      leftovers: lists('leftovers'),
      refused: [...suite.#writers.journal.refused],
    };
  }

  async #prepare(): Promise<void> {
    const columns = [
      { name: 'name', type: 'text' },
      { name: 'amount', type: 'text' },
    ];
    const { status, body } = await this.#stand.call('POST', '/v1/tables', { body: { name: 'orders', columns } });
    if (status !== 201) throw new Error(`no table: ${JSON.stringify(body)}`);
    await this.#stand.psql.query(`insert into app.orders (name, amount) select 'row ' || i, i from generate_series(1, ${this.#plan.rows}) i`);
    await this.#stand.psql.query('create index orders_amount on app.orders (amount, name); analyze app.orders');
  }

  async #round(round: Round): Promise<void> {
    const before = await columnsOf(this.#stand.psql);
    await this.#writers.start();
    // What shall not go through is kept from it until what is to stop it is there.
    const release = round.end === 'applied' ? undefined : await this.#hold();
    const id = await this.#begin(round);
    const bad = round.end === 'failed' ? await this.#writers.insertBad('none') : undefined;
    const stopped = round.end === 'cancelled' ? this.#cancel(id) : Promise.resolve();
    await Promise.all([this.#killed(id), stopped.finally(release)]);
    const state = await this.#ended(id);
    await this.#writers.pause();
    if (bad !== undefined) await this.#writers.delete(bad);
    this.#report.ended[state] += 1;
    const after = await columnsOf(this.#stand.psql);
    const expected = state === 'applied' ? { ...before, ...round.columns } : before;
    if (state !== round.end) this.#report.wrong.push(`${round.name}: ${state}`);
    if (JSON.stringify(sorted(after)) !== JSON.stringify(sorted(expected))) this.#report.wrong.push(`${round.name}, ${state}: ${JSON.stringify(after)}`);
    this.#plan.log(`${round.name}: ${state}, ${this.#report.kills} kills so far`);
  }

  /** Another type ends with an index that is made anew, which waits for whoever looks at the database as it was before. Resolves with what lets it go on. */
  async #hold(): Promise<() => Promise<void>> {
    const client = await this.#stand.connect();
    await client.query('begin isolation level repeatable read; select 1');
    return () => client.end();
  }

  /** Asks until the edit is there: the service may be killed behind it, and then the answer never comes. */
  async #begin({ column, body }: Round): Promise<string> {
    const last = await this.#newest();
    const path = column === undefined ? '/v1/tables/orders/columns' : `/v1/tables/orders/columns/${column}`;
    if (this.#plan.random() < 0.3 && this.#report.kills < this.#plan.kills) await this.#kill('tables.steps.after-begin=kill');
    return eventually(
      async () => {
        const reply = await this.#stand.call(column === undefined ? 'POST' : 'PATCH', path, { body }).catch(() => undefined);
        if (this.#stand.service.exited) await this.#kill();
        if (reply !== undefined && reply.status >= 400 && reply.status < 500 && reply.status !== 409) throw new Error(JSON.stringify(reply.body));
        const newest = await this.#newest();
        return newest !== last && newest;
      },
      () => 'the edit did not begin',
      60_000,
    );
  }

  async #newest(): Promise<string | undefined> {
    const { rows } = await this.#stand.psql.query<{ id: string | null }>('select max(id)::text as id from lakeloop.stepwise_edit');
    return rows[0]?.id ?? undefined;
  }

  /** Kills at random moments, and at places where the service kills itself, until the edit has ended or it is enough. */
  async #killed(id: string): Promise<void> {
    const { random, kills } = this.#plan;
    const most = Math.min(MOST_KILLS_EACH, Math.ceil(kills / KINDS));
    for (let each = 0; each < most && this.#report.kills < kills; each += 1) {
      const place = FAILPOINTS[Math.floor(random() * FAILPOINTS.length * 2)];
      if (place === undefined) await delay(random() * 1_500);
      else await this.#untilKilled(id, `tables.steps.${place}=kill${place.includes('page') ? `:${1 + Math.floor(random() * 8)}` : ''}`);
      if ((await this.#state(id)) !== 'running') break;
      await this.#kill();
    }
    if (this.#stand.service.exited) await this.#kill();
  }

  /** The service that kills itself at a place, once it gets there: an edit may end without. */
  async #untilKilled(id: string, failpoint: string): Promise<void> {
    await this.#kill(failpoint);
    await eventually(
      async () => this.#stand.service.exited || (await this.#state(id)) !== 'running',
      () => `neither ${failpoint} nor an end: ${this.#stand.service.output.slice(-2_000)}`,
      120_000,
    );
  }

  async #kill(failpoints?: string): Promise<void> {
    await this.#stand.restart(failpoints);
    this.#report.kills += 1;
  }

  async #cancel(id: string): Promise<void> {
    await delay(this.#plan.random() * 3_000);
    await eventually(
      async () => {
        const { status } = await this.#stand.call('POST', `/v1/tables/orders/edits/${id}/cancel`, { body: {} });
        return status === 202 || status === 409;
      },
      () => 'the edit was not cancelled',
      60_000,
    );
  }

  async #state(id: string): Promise<Round['end'] | 'running'> {
    const { rows } = await this.#stand.psql.query<{ state: Round['end'] | 'running' }>('select state from lakeloop.stepwise_edit where id = $1', [id]);
    return rows[0]?.state ?? 'running';
  }

  /** Resolves with how the edit ended. */
  async #ended(id: string): Promise<Round['end']> {
    return eventually(
      async () => {
        const state = await this.#state(id);
        if (this.#stand.service.exited) await this.#kill();
        return state !== 'running' && state;
      },
      () => `the edit ${id} does not end: ${this.#stand.service.output.slice(-2_000)}`,
      180_000,
    );
  }
}

function sorted(columns: Record<string, string>): [string, string][] {
  return Object.entries(columns).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

import { randomUUID } from 'node:crypto';
import { Failure } from '#libs/failure/failure';
import { hit } from '#libs/runtime/failpoints';
import type { LakeBatch, LakeCommit, LakeDefinition, LakeTable, LakeTableState, LakeWrite } from '../lakehouse.ts';
import type { LakeColumn, LakeValue } from '../lake-type.ts';
import type { Action, AddFile } from './actions.ts';
import { type Staged, stage } from './batch.ts';
import type { DeltaLog } from './delta-log.ts';
import { rebases, type Touched } from './conflict.ts';
import type { Session } from './engine.ts';
import { checkWritable, protocolFor } from './features.ts';
import { readParquet, writeParquet } from './parquet.ts';
import { columnsOf, evolve, schemaStringOf } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { quoteName, quoteText } from './sql-text.ts';
import { stateOf } from './table-state.ts';
import type { Attempt, Workplace } from './workplace.ts';

/** Attempts before a write gives way to the others for good. */
const MOST_ATTEMPTS = 30;

/** Where an attempt works. */
interface Work {
  session: Session;
  attempt: Attempt;
}

/** What one attempt wants to commit on top of a snapshot. */
interface Plan {
  actions: Action[];
  operation: string;
  rows: bigint;
  touched: Touched;
}

/** Writes to one Delta table: each is planned on a snapshot and committed as the version after it, or planned again. */
export class DeltaTable {
  readonly #table: LakeTable;
  readonly #name: string;
  readonly #directory: string;
  readonly #log: DeltaLog;
  readonly #workplace: Workplace;

  constructor(table: LakeTable, directory: string, log: DeltaLog, workplace: Workplace) {
    this.#table = table;
    this.#name = `${table.schema}.${table.name}`;
    this.#directory = directory;
    this.#log = log;
    this.#workplace = workplace;
  }

  async create({ columns, partitionBy = [], description, properties = {} }: LakeDefinition): Promise<boolean> {
    const timestamp = Date.now();
    const known = new Set(columns.map(({ name }) => name));
    const missing = partitionBy.filter((name) => !known.has(name));
    if (missing.length > 0) throw new Failure('misconfigured', `${this.#name} is partitioned by ${missing.join(', ')}, which it does not have`);
    const actions: Action[] = [
      { commitInfo: { timestamp, operation: 'CREATE TABLE', engineInfo: ENGINE } },
      { protocol: protocolFor(columns) },
      {
        metaData: {
          id: randomUUID(),
          ...(description === undefined ? {} : { description }),
          format: { provider: 'parquet', options: {} },
          schemaString: schemaStringOf(columns),
          partitionColumns: [...partitionBy],
          configuration: { ...properties },
          createdTime: timestamp,
        },
      },
    ];
    return this.#log.tryCommit(0n, actions, timestamp);
  }

  async evolve(wanted: readonly LakeColumn[]): Promise<LakeTableState> {
    await this.#commit({}, async (snapshot, work) => {
      const actions = await this.#evolution(snapshot, wanted, work);
      return actions.length === 0 ? undefined : { actions, operation: 'CHANGE COLUMN', rows: 0n, touched: { all: true } };
    });
    return stateOf(this.#table, await this.#snapshot());
  }

  append(batch: LakeBatch, options: LakeWrite): Promise<LakeCommit> {
    return this.#write(batch, options, { operation: 'WRITE', extra: [] }, async (_snapshot, columns, staged, work) => {
      const added = await this.#files(work, staged, columns, true);
      return { actions: added.map((add) => ({ add })), touched: {} };
    });
  }

  replace(batch: LakeBatch, { where, ...options }: LakeWrite & { where?: Readonly<Record<string, LakeValue>> }): Promise<LakeCommit> {
    return this.#write(batch, options, { operation: 'WRITE', extra: [], removes: true }, async (snapshot, columns, staged, work) => {
      const { session } = work;
      const doomed = where === undefined ? [...snapshot.files.values()] : await this.#partition(session, snapshot, columns, where);
      if (where !== undefined) await refuseOutside(session, staged, columns, where);
      const added = await this.#files(work, staged, columns, true);
      return { actions: [...doomed.map(removed), ...added.map((add) => ({ add }))], touched: { all: true } };
    });
  }

  merge(batch: LakeBatch, { key, deleted, ...options }: LakeWrite & { key: readonly string[]; deleted?: string }): Promise<LakeCommit> {
    const extra: LakeColumn[] = deleted === undefined ? [] : [{ name: deleted, type: 'boolean' }];
    return this.#write(batch, options, { operation: 'MERGE', extra, removes: true }, async (snapshot, columns, staged, work) => {
      const { session } = work;
      const keys = key.map(quoteName);
      await refuseDuplicates(session, staged, keys);
      const same = keys.map((name) => `t.${name} is not distinct from s.${name}`).join(' and ');
      const all = readParquet(this.#directory, [...snapshot.files.values()], columns, snapshot.metaData.partitionColumns, PATH);
      const hits = await session.rows<[string]>(`select distinct t.${quoteName(PATH)} from ${all} t semi join ${staged} s on ${same}`);
      const paths = new Set(hits.map(([path]) => path));
      const doomed = [...snapshot.files.values()].filter((file) => paths.has(this.#workplace.pathOf(this.#directory, file.path)));
      const old = readParquet(this.#directory, doomed, columns, snapshot.metaData.partitionColumns);
      const names = columns.map(({ name }) => quoteName(name)).join(', ');
      const alive = deleted === undefined ? '' : ` where not coalesce(${quoteName(deleted)}, false)`;
      const merged = `merged_${randomUUID().replaceAll('-', '')}`;
      await session.run(
        `create temp table ${merged} as select ${names} from ${old} t anti join ${staged} s on ${same} union all select ${names} from ${staged}${alive}`,
      );
      const added = await this.#files(work, merged, columns, true);
      return { actions: [...doomed.map(removed), ...added.map((add) => ({ add }))], touched: { all: true } };
    });
  }

  /** Small files of a partition become files near the target size. */
  compact(targetFileBytes: number): Promise<LakeCommit> {
    return this.#commit({}, async (snapshot, work) => {
      checkWritable(this.#name, snapshot, false);
      const columns = columnsOf(snapshot.metaData.schemaString);
      const small = [...snapshot.files.values()].filter(({ size }) => size < targetFileBytes);
      const byPartition = Map.groupBy(small, ({ partitionValues }) => JSON.stringify(Object.entries(partitionValues).toSorted()));
      const actions: Action[] = [];
      for (const group of byPartition.values()) {
        for (const bin of binsOf(group, targetFileBytes)) {
          const relation = readParquet(this.#directory, bin, columns, snapshot.metaData.partitionColumns);
          const added = await this.#files(work, relation, columns, false);
          actions.push(...bin.map((file) => ({ remove: { ...removed(file).remove, dataChange: false } })), ...added.map((add) => ({ add })));
        }
      }
      const inputs = new Set(actions.flatMap(({ remove }) => (remove ? [remove.path] : [])));
      return actions.length === 0 ? undefined : { actions, operation: 'OPTIMIZE', rows: 0n, touched: { files: inputs } };
    });
  }

  async #write(
    batch: LakeBatch,
    { txn, evolve: evolution, note, signal }: LakeWrite,
    kind: { operation: string; extra: readonly LakeColumn[]; removes?: boolean },
    plan: (snapshot: Snapshot, columns: LakeColumn[], staged: string, work: Work) => Promise<{ actions: Action[]; touched: Touched }>,
  ): Promise<LakeCommit> {
    return this.#commit({ txn, note, signal }, async (snapshot, work) => {
      const { session } = work;
      checkWritable(this.#name, snapshot, kind.removes ?? false);
      const schema = evolution ? await this.#evolution(snapshot, evolution.columns, work) : [];
      const metaData = schema.find((action) => action.metaData)?.metaData ?? snapshot.metaData;
      const columns = columnsOf(metaData.schemaString);
      const staged = await stage(session, batch, {
        columns,
        extra: kind.extra,
        strict: evolution === undefined,
        temporaryDirectory: this.#workplace.temporaryDirectory,
      });
      try {
        await refuseNulls(session, staged, columns);
        const { actions, touched } = await plan({ ...snapshot, metaData, files: filesAfter(snapshot, schema) }, columns, staged.relation, work);
        const [count] = await session.rows<[bigint]>(`select count(*) from ${staged.relation}`);
        return { actions: [...schema, ...actions], operation: kind.operation, rows: count?.[0] ?? 0n, touched: schema.length > 0 ? { all: true } : touched };
      } finally {
        await staged.dispose();
      }
    });
  }

  /**
   * Plans on the newest snapshot and commits the version after it. When others were faster, what they did decides: the same actions go on top of theirs,
   * or everything is planned anew. Files of plans that came to nothing are removed.
   */
  async #commit(
    { txn, note, signal }: Pick<LakeWrite, 'txn' | 'note' | 'signal'>,
    plan: (snapshot: Snapshot, work: Work) => Promise<Plan | undefined>,
  ): Promise<LakeCommit> {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      signal?.throwIfAborted();
      const snapshot = await this.#snapshot();
      if (txn && (snapshot.transactions.get(txn.appId) ?? -1n) >= txn.version) return { version: snapshot.version, applied: false, rows: 0n };
      const done = await this.#attempt(snapshot, plan, { txn, note });
      if (done) return done;
    }
    throw new Failure('conflict', `${this.#name} is written by others so often that this write found no gap in ${MOST_ATTEMPTS} attempts`);
  }

  async #attempt(
    snapshot: Snapshot,
    plan: (snapshot: Snapshot, work: Work) => Promise<Plan | undefined>,
    options: Pick<LakeWrite, 'txn' | 'note'>,
  ): Promise<LakeCommit | undefined> {
    const attempt = this.#workplace.attempt(this.#directory);
    try {
      const planned = await this.#workplace.writes.take(() => this.#workplace.engine.session((session) => plan(snapshot, { session, attempt })));
      const version = planned && (await this.#land(snapshot, planned, options));
      if (version === undefined) await attempt.discard();
      else attempt.keep();
      if (!planned) return { version: snapshot.version, applied: false, rows: 0n };
      return version === undefined ? undefined : { version, applied: true, rows: planned.rows };
    } catch (error) {
      await attempt.discard();
      throw error;
    }
  }

  /** The version that holds the plan; undefined when it has to be made anew. */
  async #land(snapshot: Snapshot, { actions, operation, touched }: Plan, { txn, note }: Pick<LakeWrite, 'txn' | 'note'>): Promise<bigint | undefined> {
    let { version, timestampMs } = snapshot;
    for (;;) {
      // Commit times never go backwards, or a time would have two answers.
      timestampMs = Math.max(Date.now(), timestampMs + 1);
      const info: Action = {
        commitInfo: { timestamp: timestampMs, operation, ...(note ? { userMetadata: JSON.stringify(note), lakeloop: note } : {}), engineInfo: ENGINE },
      };
      const all = [info, ...(txn ? [{ txn: { ...txn, lastUpdated: timestampMs } }] : []), ...actions];
      await hit('delta.before-commit');
      if (await this.#log.tryCommit(version + 1n, all, timestampMs)) return version + 1n;
      const winner = await this.#log.commit(version + 1n);
      if (!winner || !rebases(touched, txn?.appId, winner.actions)) return undefined;
      ({ version, timestampMs } = winner);
    }
  }

  async #snapshot(): Promise<Snapshot> {
    const snapshot = await this.#log.latest();
    if (snapshot) return snapshot;
    throw new Failure('misconfigured', `the lakehouse has no table ${this.#name}`);
  }

  /** Metadata for the columns wanted, and the rewrite of files where a type widens: readers without type widening could not read the old ones as the new. */
  async #evolution(snapshot: Snapshot, wanted: readonly LakeColumn[], work: Work): Promise<Action[]> {
    const current = columnsOf(snapshot.metaData.schemaString);
    const { columns, added, widened } = evolve(current, wanted);
    if (added.length === 0 && widened.length === 0) return [];
    checkWritable(this.#name, snapshot, false);
    const partitioned = widened.find(({ name }) => snapshot.metaData.partitionColumns.includes(name));
    if (partitioned) throw new Failure('misconfigured', `${this.#name} is partitioned by ${partitioned.name}: its type can not change`);
    const actions: Action[] = [];
    const { protocol } = snapshot;
    const needed = protocolFor(columns);
    if (needed.minReaderVersion > protocol.minReaderVersion) actions.push({ protocol: needed });
    actions.push({ metaData: { ...snapshot.metaData, schemaString: schemaStringOf(columns) } });
    if (widened.length === 0) return actions;
    const old = [...snapshot.files.values()];
    const rewritten = await this.#files(work, readParquet(this.#directory, old, columns, snapshot.metaData.partitionColumns), columns, false);
    return [...actions, ...old.map((file) => ({ remove: { ...removed(file).remove, dataChange: false } })), ...rewritten.map((add) => ({ add }))];
  }

  async #files({ session, attempt }: Work, relation: string, columns: readonly LakeColumn[], dataChange: boolean): Promise<AddFile[]> {
    const { storage } = this.#workplace;
    const snapshot = await this.#snapshot();
    const onFile = (path: string): void => attempt.begin(path);
    const added = await writeParquet(session, relation, {
      storage,
      directory: this.#directory,
      columns,
      partitionBy: snapshot.metaData.partitionColumns,
      dataChange,
      onFile,
    });
    await hit('delta.after-files');
    return added;
  }

  async #partition(session: Session, snapshot: Snapshot, columns: readonly LakeColumn[], where: Readonly<Record<string, LakeValue>>): Promise<AddFile[]> {
    const by = snapshot.metaData.partitionColumns;
    const stray = Object.keys(where).filter((name) => !by.includes(name));
    if (stray.length > 0) throw new Failure('invalid-input', `${this.#name} is not partitioned by ${stray.join(', ')}: a part of it can't be replaced by that`);
    const all = [...snapshot.files.values()];
    if (all.length === 0) return [];
    const relation = readParquet(this.#directory, all, columns, by, PATH);
    const rows = await session.rows<[string]>(`select distinct ${quoteName(PATH)} from ${relation} where ${conditionOf(where)}`, {
      parameters: parametersOf(where),
    });
    const paths = new Set(rows.map(([path]) => path));
    return all.filter((file) => paths.has(this.#workplace.pathOf(this.#directory, file.path)));
  }
}

const ENGINE = 'Lakeloop';
const PATH = '_lakeloop_file';

function removed(file: AddFile): { remove: NonNullable<Action['remove']> } {
  const { path, partitionValues, size } = file;
  return { remove: { path, deletionTimestamp: Date.now(), dataChange: true, extendedFileMetadata: true, partitionValues, size } };
}

function filesAfter(snapshot: Snapshot, actions: readonly Action[]): Map<string, AddFile> {
  const files = new Map(snapshot.files);
  for (const { add, remove } of actions) {
    if (remove) files.delete(remove.path);
    if (add) files.set(add.path, add);
  }
  return files;
}

/** Bins of at least two files that together stay near the target. */
function binsOf(files: readonly AddFile[], target: number): AddFile[][] {
  const bins: AddFile[][] = [];
  let bin: AddFile[] = [];
  let size = 0;
  for (const file of files) {
    if (bin.length > 0 && size + file.size > target) {
      bins.push(bin);
      [bin, size] = [[], 0];
    }
    bin.push(file);
    size += file.size;
  }
  return [...bins, bin].filter(({ length }) => length > 1);
}

function conditionOf(where: Readonly<Record<string, LakeValue>>): string {
  return Object.keys(where)
    .map((name, index) => `${quoteName(name)} is not distinct from $w${index}`)
    .join(' and ');
}

function parametersOf(where: Readonly<Record<string, LakeValue>>): Record<string, LakeValue> {
  return Object.fromEntries(Object.values(where).map((value, index) => [`w${index}`, value]));
}

/** A part that is replaced gets no rows of another. */
async function refuseOutside(session: Session, staged: string, _columns: readonly LakeColumn[], where: Readonly<Record<string, LakeValue>>): Promise<void> {
  const [row] = await session.rows<[bigint]>(`select count(*) from ${staged} where not (${conditionOf(where)})`, { parameters: parametersOf(where) });
  if ((row?.[0] ?? 0n) > 0n) throw new Failure('invalid-input', `${row?.[0]} rows do not belong to the part that is replaced`);
}

async function refuseDuplicates(session: Session, staged: string, keys: readonly string[]): Promise<void> {
  const list = keys.join(', ');
  const [row] = await session.rows<[bigint]>(`select count(*) from (select ${list} from ${staged} group by ${list} having count(*) > 1)`);
  if ((row?.[0] ?? 0n) > 0n) throw new Failure('invalid-input', `${row?.[0]} keys come more than once in one batch`);
}

async function refuseNulls(session: Session, { relation }: Staged, columns: readonly LakeColumn[]): Promise<void> {
  const required = columns.filter(({ nullable }) => nullable === false);
  if (required.length === 0) return;
  const counts = required.map(({ name }) => `count(*) - count(${quoteName(name)})`);
  const [row] = await session.rows<bigint[]>(`select ${counts.join(', ')} from ${relation}`);
  const empty = required.filter((_, index) => (row?.[index] ?? 0n) > 0n).map(({ name }) => name);
  if (empty.length > 0) throw new Failure('invalid-input', `${empty.map(quoteText).join(', ')} may not be null`);
}

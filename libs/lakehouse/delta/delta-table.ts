import { randomUUID } from 'node:crypto';
import { Failure } from '#libs/failure/failure';
import { hit } from '#libs/runtime/failpoints';
import type { LakeBatch, LakeCommit, LakeDefinition, LakeTable, LakeTableState, LakeWrite } from '../lakehouse.ts';
import type { LakeColumn, LakeValue } from '../lake-type.ts';
import type { Action, AddFile } from './actions.ts';
import { partCondition, partParameters, type Part, refuseDuplicates, refuseNulls, refuseOutside } from './batch-checks.ts';
import { stage } from './batch.ts';
import { checkClusters, clustersOf, countedApart } from './clusters.ts';
import { rebases, type Touched } from './conflict.ts';
import { type DeltaLog, UncertainCommit } from './delta-log.ts';
import { checkWritable, protocolFor } from './features.ts';
import { readParquet, writeParquet } from './parquet.ts';
import { binsOf, filesAfter, type Plan, removed, rowsIn, type Work } from './plan.ts';
import { columnsOf, evolve, schemaStringOf } from './schema.ts';
import type { Snapshot } from './snapshot.ts';
import { quoteName } from './sql-text.ts';
import { checkProperties } from './table-properties.ts';
import { stateOf } from './table-state.ts';
import type { Workplace } from './workplace.ts';
import { type Counted, writeClusters } from './write-clusters.ts';

/** Attempts before a write gives way to the others for good. */
const MOST_ATTEMPTS = 30;
const ENGINE = 'Lakeloop';
const PATH = '_lakeloop_file';

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
    checkDefinition(this.#name, columns, partitionBy);
    checkProperties(this.#name, properties);
    checkClusters(this.#name, columns, partitionBy, properties);
    const actions: Action[] = [
      { commitInfo: { timestamp, operation: 'CREATE TABLE', engineInfo: ENGINE, commitId: randomUUID() } },
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
    return this.#write(batch, options, { operation: 'WRITE', extra: [] }, async (snapshot, columns, staged, work) => {
      const added = await this.#files(work, staged, { columns, snapshot, dataChange: true });
      return { actions: added.map((add) => ({ add })), touched: {} };
    });
  }

  replace(batch: LakeBatch, { where, ...options }: LakeWrite & { where?: Part }): Promise<LakeCommit> {
    return this.#write(batch, options, { operation: 'WRITE', extra: [], removes: true }, async (snapshot, columns, staged, work) => {
      const doomed = where === undefined ? [...snapshot.files.values()] : await this.#partition(work, snapshot, columns, where);
      if (where !== undefined) await refuseOutside(work.session, staged, columns, where);
      const added = await this.#files(work, staged, { columns, snapshot, dataChange: true });
      return { actions: [...doomed.map(removed), ...added.map((add) => ({ add }))], touched: { all: true } };
    });
  }

  merge(batch: LakeBatch, { key, deleted, ...options }: LakeWrite & { key: readonly string[]; deleted?: string }): Promise<LakeCommit> {
    const extra: LakeColumn[] = deleted === undefined ? [] : [{ name: deleted, type: 'boolean' }];
    return this.#write(batch, options, { operation: 'MERGE', extra, removes: true, again: true }, async (snapshot, columns, staged, work) => {
      const { session } = work;
      const keys = key.map(quoteName);
      await refuseDuplicates(session, staged, keys);
      const same = keys.map((name) => `t.${name} is not distinct from s.${name}`).join(' and ');
      const doomed = await this.#holding(work, snapshot, columns, (all) => ({ from: `${all} t semi join ${staged} s on ${same}` }));
      const names = columns.map(({ name }) => quoteName(name)).join(', ');
      const alive = deleted === undefined ? '' : ` where not coalesce(${quoteName(deleted)}, false)`;
      const fresh = `select ${names} from ${staged}${alive}`;
      const merged = `merged_${randomUUID().replaceAll('-', '')}`;
      const counted = countedApart(snapshot, columns) ? { rows: staged, rewritten: doomed } : undefined;
      if (doomed.length === 0) await session.run(`create temp view ${merged} as ${fresh}`);
      else {
        const kept = `select ${names} from ${await this.#read(work, doomed, columns, snapshot)} t anti join ${staged} s on ${same}`;
        // The rest of the files may be far more than fits in memory: it goes from file to file, unless the partitions in it have to be found first.
        const held = snapshot.metaData.partitionColumns.length === 0 || counted ? 'view' : 'table';
        await session.run(`create temp ${held} ${merged} as ${kept} union all ${fresh}`);
      }
      const added = await this.#files(work, merged, { columns, snapshot, dataChange: true, counted });
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
          const relation = await this.#read(work, bin, columns, snapshot);
          const added = await this.#files(work, relation, { columns, snapshot, dataChange: false, joined: true });
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
    kind: { operation: string; extra: readonly LakeColumn[]; removes?: boolean; again?: boolean },
    plan: (snapshot: Snapshot, columns: LakeColumn[], staged: string, work: Work) => Promise<{ actions: Action[]; touched: Touched }>,
  ): Promise<LakeCommit> {
    return this.#commit({ txn, note, signal }, async (snapshot, work) => {
      const { session } = work;
      checkWritable(this.#name, snapshot, kind.removes ?? false);
      const schema = evolution ? await this.#evolution(snapshot, evolution.columns, work) : [];
      const metaData = schema.find((action) => action.metaData)?.metaData ?? snapshot.metaData;
      const columns = columnsOf(metaData.schemaString);
      // Partitions and missing values are looked for before anything is written.
      const once = !kind.again && metaData.partitionColumns.length === 0 && columns.every(({ nullable }) => nullable !== false);
      const staged = await stage(session, batch, {
        columns,
        extra: kind.extra,
        strict: evolution === undefined,
        once,
        temporaryDirectory: this.#workplace.temporaryDirectory,
      });
      try {
        await refuseNulls(session, staged.relation, columns);
        const { actions, touched } = await plan({ ...snapshot, metaData, files: filesAfter(snapshot, schema) }, columns, staged.relation, work);
        const rows = once ? rowsIn(actions) : (await session.rows<[bigint]>(`select count(*) from ${staged.relation}`))[0]?.[0];
        return { actions: [...schema, ...actions], operation: kind.operation, rows: rows ?? 0n, touched: schema.length > 0 ? { all: true } : touched };
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
      const last = txn && (snapshot.transactions.get(txn.appId) ?? null);
      if (txn && last !== undefined && last !== null && last >= txn.version) return { version: snapshot.version, applied: false, rows: 0n };
      if (txn?.after !== undefined && last !== txn.after) throw new Failure('conflict', `${this.#name}: another writer of ${txn.appId} was here`);
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
      // A version may name the files after all.
      if (error instanceof UncertainCommit) attempt.keep();
      else await attempt.discard();
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
        commitInfo: {
          timestamp: timestampMs,
          operation,
          ...(note ? { userMetadata: JSON.stringify(note), lakeloop: note } : {}),
          engineInfo: ENGINE,
          commitId: randomUUID(),
        },
      };
      const all = [info, ...(txn ? [{ txn: { appId: txn.appId, version: txn.version, lastUpdated: timestampMs } }] : []), ...actions];
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
    const rewritten = await this.#files(work, await this.#read(work, old, columns, snapshot), { columns, snapshot, dataChange: false });
    return [...actions, ...old.map((file) => ({ remove: { ...removed(file).remove, dataChange: false } })), ...rewritten.map((add) => ({ add }))];
  }

  /** `joined`: small files become one, whatever the table is clustered by. */
  async #files(
    { session, attempt }: Work,
    relation: string,
    what: { columns: readonly LakeColumn[]; snapshot: Snapshot; dataChange: boolean; joined?: boolean; counted?: Counted | undefined },
  ): Promise<AddFile[]> {
    const target = {
      storage: this.#workplace.storage,
      directory: this.#directory,
      temporaryDirectory: this.#workplace.temporaryDirectory,
      columns: what.columns,
      partitionBy: what.snapshot.metaData.partitionColumns,
      dataChange: what.dataChange,
      counted: what.counted,
      onFile: (path: string) => attempt.begin(path),
    };
    const clusters = what.joined ? undefined : clustersOf(what.snapshot, what.columns);
    const added = clusters ? await writeClusters(session, relation, clusters, target) : await writeParquet(session, relation, target);
    await hit('delta.after-files');
    return added;
  }

  /** Files as a FROM item, at hand for as long as the attempt lasts. */
  async #read({ attempt }: Work, files: readonly AddFile[], columns: readonly LakeColumn[], snapshot: Snapshot, path?: string): Promise<string> {
    const opened = await this.#workplace.open(files.map((file) => this.#pathOf(file)));
    attempt.reads(opened);
    const place = (file: AddFile): string => opened.place(this.#pathOf(file));
    return readParquet({ files, place, columns, partitionBy: snapshot.metaData.partitionColumns, ...(path === undefined ? {} : { path }) });
  }

  /** The files with rows that a FROM and WHERE clause finds. */
  async #holding(
    work: Work,
    snapshot: Snapshot,
    columns: readonly LakeColumn[],
    clause: (all: string) => { from: string; parameters?: Readonly<Record<string, LakeValue>> },
  ): Promise<AddFile[]> {
    const files = [...snapshot.files.values()];
    if (files.length === 0) return [];
    const { from, parameters } = clause(await this.#read(work, files, columns, snapshot, PATH));
    const rows = await work.session.rows<[string]>(`select distinct ${quoteName(PATH)} from ${from}`, { parameters });
    const found = new Set(rows.map(([path]) => path));
    const opened = await this.#workplace.open(files.map((file) => this.#pathOf(file)));
    work.attempt.reads(opened);
    return files.filter((file) => found.has(opened.place(this.#pathOf(file))));
  }

  async #partition(work: Work, snapshot: Snapshot, columns: readonly LakeColumn[], where: Part): Promise<AddFile[]> {
    const by = snapshot.metaData.partitionColumns;
    const stray = Object.keys(where).filter((name) => !by.includes(name));
    if (stray.length > 0) throw new Failure('invalid-input', `${this.#name} is not partitioned by ${stray.join(', ')}: a part of it can't be replaced by that`);
    return this.#holding(work, snapshot, columns, (all) => ({ from: `${all} t where ${partCondition(where, columns)}`, parameters: partParameters(where) }));
  }

  #pathOf({ path }: AddFile): string {
    return this.#workplace.storage.resolve(this.#directory, path);
  }
}

function checkDefinition(table: string, columns: readonly LakeColumn[], partitionBy: readonly string[]): void {
  const names = columns.map(({ name }) => name.toLowerCase());
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Failure('misconfigured', `${table} has the column ${twice} twice: names differ by more than case`);
  for (const name of partitionBy) {
    const column = columns.find((other) => other.name === name);
    if (!column) throw new Failure('misconfigured', `${table} is partitioned by ${name}, which it does not have`);
    if (column.type === 'binary' || (typeof column.type === 'object' && 'other' in column.type))
      throw new Failure('misconfigured', `${table} can not be partitioned by ${name}: its values have no text`);
  }
}

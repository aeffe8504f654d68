import type { Readable } from 'node:stream';
import type pg from 'pg';
import type { Governed } from '#libs/governance/governed';
import { ProblemException } from '#libs/runtime/http/problem';
import type { Asking } from '../asking.ts';
import type { Relation } from '../catalogue/relation.ts';
import { withRetries } from '../rows/concurrency.ts';
import { checkMapping, mappedHeader } from './column-mapping.ts';
import { endImport, findImport, keepRefusals, moveOn, type Progress, type StoredImport } from './import-store.ts';
import { csvInsert, insertRecords, jsonInsert, type RecordInsert, type Refusal } from './insert-records.ts';
import { patientBody } from './patient-body.ts';
import { csvRecords, type ImportRecord, ndjsonRecords } from './records.ts';

/** Records of one statement, and bytes of it. */
const BATCH_RECORDS = 2_000;
const BATCH_BYTES = 1024 * 1024;
/** Another request is at it, or the body stopped coming: that is no end. */
const MAY_GO_ON: ReadonlySet<number> = new Set([408, 409]);
/** Lines that are reported; more are counted. */
const MOST_REFUSALS = 10_000;

export interface ImportStand {
  pool: pg.Pool;
  governed: Governed;
  /** Longest pause of a client that sends a file, ms. */
  stallMs: number;
}

export interface ImportWork {
  stored: StoredImport;
  relation: Relation;
  asking: Asking;
  body: Readable;
  /** Told after each batch: `GET` shows how far an import is that commits at its end. */
  onProgress: (progress: Progress) => void;
}

/**
 * Takes the body of an import. `skip-bad`: each batch is a transaction of its own and moves the offset on, so an import that is cut off goes on there.
 * `all-or-nothing`: one transaction; any refused line, or a body that breaks off, leaves nothing. The body waits while PostgreSQL works.
 */
export async function runImport(stand: ImportStand, given: ImportWork): Promise<void> {
  const work = { ...given, body: patientBody(given.body, stand.stallMs) };
  try {
    await (work.stored.mode === 'skip-bad' ? skipping(stand, work) : wholly(stand, work));
  } catch (error) {
    if (error instanceof ProblemException && work.stored.mode === 'all-or-nothing' && !MAY_GO_ON.has(error.problem.status))
      await endImport(stand.pool, work.stored.id, 'failed', { failure: error.problem.detail ?? error.message });
    throw error;
  }
}

async function skipping({ pool, governed }: ImportStand, work: ImportWork): Promise<void> {
  const state = startOf(work.stored);
  for await (const batch of batchesOf(work, state)) {
    const before = { id: work.stored.id, bytes: state.bytes };
    const next = await withRetries(() =>
      governed.transaction(work.asking, async (client) => {
        const refusals = await insertRecords(client, batch.insert, batch.records);
        const progress = advanced(state, batch, refusals);
        await client.query('reset role');
        if (!(await moveOn(client, before, progress, refusals))) throw movedOn();
        return progress;
      }),
    );
    Object.assign(state, next);
    work.onProgress(state);
  }
  await endImport(pool, work.stored.id, 'complete');
}

async function wholly({ pool, governed }: ImportStand, work: ImportWork): Promise<void> {
  const state = startOf(work.stored);
  const refusals: Refusal[] = [];
  const undone = new ProblemException(422, 'lines-refused', 'nothing was imported: there are lines that were refused');
  try {
    await governed.transaction(work.asking, async (client) => {
      for await (const batch of batchesOf(work, state)) {
        const refused = await insertRecords(client, batch.insert, batch.records);
        refusals.push(...refused.slice(0, MOST_REFUSALS - refusals.length));
        Object.assign(state, advanced(state, batch, refused));
        work.onProgress(state);
      }
      if (state.refused > 0) throw undone;
      await client.query('reset role');
      if (!(await moveOn(client, work.stored, state, []))) throw movedOn();
      await endImport(client, work.stored.id, 'complete');
    });
  } catch (error) {
    if (error !== undone) throw error;
    await keepRefusals(pool, work.stored.id, refusals);
    await endImport(pool, work.stored.id, 'failed', { failure: undone.problem.detail ?? '', progress: { ...state, inserted: 0 } });
    throw undone;
  }
}

type State = { -readonly [K in keyof Progress]: Progress[K] };

function startOf({ columns, bytes, lines, inserted, refused }: StoredImport): State {
  return { columns, bytes, lines, inserted, refused };
}

interface Batch {
  records: ImportRecord[];
  insert: RecordInsert;
  columns: readonly (string | null)[];
  /** Where the body stands behind it. */
  end: number;
  line: number;
}

function advanced({ inserted, refused }: Progress, { records, columns, end, line }: Batch, refusals: readonly Refusal[]): Progress {
  return { columns, bytes: end, lines: line, inserted: inserted + records.length - refusals.length, refused: refused + refusals.length };
}

/** Batches of a body. The first record of a new CSV import is its header; of NDJSON, the first object's members are the columns. */
async function* batchesOf({ stored, relation, body }: ImportWork, { bytes, lines, columns: known }: State): AsyncGenerator<Batch> {
  const records = stored.format === 'csv' ? csvRecords(body, { bytes, lines }) : ndjsonRecords(body, { bytes, lines });
  let columns: readonly (string | null)[] | null = known;
  let insert = columns && insertFor(stored, relation, columns);
  let batch: ImportRecord[] = [];
  let from = bytes;
  for await (const record of records) {
    if (!insert || !columns) {
      columns = columnsOf(stored, relation, record);
      insert = insertFor(stored, relation, columns);
      if (stored.format === 'csv') continue;
    }
    batch.push(record);
    if (batch.length < BATCH_RECORDS && record.end - from < BATCH_BYTES) continue;
    yield { records: batch, insert, columns, end: record.end, line: record.line };
    [batch, from] = [[], record.end];
  }
  const last = batch.at(-1);
  if (last && insert && columns) yield { records: batch, insert, columns, end: last.end, line: last.line };
}

function insertFor({ format, mapping }: StoredImport, relation: Relation, columns: readonly (string | null)[]): RecordInsert {
  return format === 'csv'
    ? csvInsert(relation, columns)
    : jsonInsert(
        relation,
        columns.filter((name) => name !== null),
        mapping,
      );
}

function columnsOf({ format, mapping }: StoredImport, relation: Relation, { value, line }: ImportRecord): (string | null)[] {
  if (mapping && format === 'ndjson') return mapping.map(({ column }) => column);
  const names = format === 'csv' ? (value as (string | null)[]).map((name) => name ?? '') : membersOf(value as string, line);
  if (mapping) return mappedHeader(mapping, names);
  checkMapping(
    relation,
    names.map((name) => ({ name, column: name })),
  );
  return names;
}

function membersOf(text: string, line: number): string[] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return Object.keys(parsed);
  } catch {
    // said below
  }
  throw new ProblemException(422, 'invalid-json', `line ${line} is no JSON object`);
}

function movedOn(): ProblemException {
  return new ProblemException(409, 'moved-on', 'another request goes on with this import', { hint: 'Ask for its offset.' });
}

/** The import of this id that the caller began. */
export async function importOf({ pool }: ImportStand, id: string, { principal }: Asking): Promise<StoredImport> {
  const stored = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id) ? await findImport(pool, id) : undefined;
  if (stored?.actor === principal.subject && stored.role === principal.role) return stored;
  throw new ProblemException(404, 'unknown-import', 'you have begun no such import');
}

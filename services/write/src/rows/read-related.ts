import type { Relation } from '../catalogue/relation.ts';
import type { AnalyticalEmbed, AnalyticalLayer, Relationship } from './analytical-layer.ts';
import { readAnswer } from './answer.ts';
import { ApiError } from './api-error.ts';
import type { ParsedRequest } from './compile-request.ts';
import { compileKeyedPage } from './compile/read.ts';
import type { StatementRunner } from './executor.ts';
import { isGrouped } from './query/select-names.ts';
import type { Embed } from './query/row-query.ts';
import type { RowAnswer } from './row-request.ts';
import { translateSqlError } from './sql-error.ts';

/** Most rows of a page that gets related ones: their keys are bound in one query. */
const MOST_ROWS = 10_000;

export interface RelatedRead extends Omit<AnalyticalEmbed, 'embed' | 'of'> {
  parsed: ParsedRequest;
  relation: Relation;
  analytical: AnalyticalLayer;
  executor: StatementRunner;
  /** What the lakehouse has of what is embedded; the rest is Postgres's own. */
  elsewhere: readonly Embed[];
}

interface Related {
  name: string;
  toOne: boolean;
  rows: ReadonlyMap<string, readonly string[]>;
}

/** A page from PostgreSQL first; then, for each related analytical table, one query with the page's keys. The policy of each layer applies to its part. */
export async function readRelated(read: RelatedRead): Promise<RowAnswer> {
  const { parsed, relation, caller, catalogue, trace, executor, elsewhere: embeds } = read;
  const query = { ...parsed.query, embeds: parsed.query.embeds.filter((embed) => !embeds.includes(embed)) };
  if (isGrouped(parsed.query.select))
    throw new ApiError(400, 'PGRST127', 'Groups of rows have no related rows', { hint: 'Leave out the aggregates or the related table.' });
  for (const embed of embeds) refuseInner(embed);
  const relationships = await Promise.all(embeds.map((embed) => relate(read, embed)));
  const { limit } = parsed.range;
  const bounded = { ...parsed.range, limit: Math.min(limit ?? Infinity, MOST_ROWS + 1) };
  const shape = { body: 'array', stripNulls: parsed.answer.stripNulls } as const;
  const statement = compileKeyedPage(
    { relation, catalogue, query, shape, ...bounded, count: parsed.prefer.count !== undefined },
    relationships.map(({ column }) => column),
  );
  trace.statement('postgres', statement.text);
  const { body, total, page } = await trace
    .time('postgres', () => executor.read(catalogue.governed, caller.principal, statement))
    .catch((error: unknown) => {
      throw translateSqlError(error, caller.anonymous);
    });
  if ((page ?? 0) > MOST_ROWS) throw tooMany();
  const rows = JSON.parse(body ?? '[]') as [text: string, keys: (string | null)[]][];
  const related = await Promise.all(relationships.map((relationship, index) => relatedOf(relationship, embeds[index] as Embed, keysOf(rows, index))));
  const texts = rows.map(([text, keys]) => withRelated(text, keys, related));
  const joined = parsed.answer.body === 'array' ? `[${texts.join(shape.stripNulls ? ',' : ', \n ')}]` : (texts[0] ?? null);
  return readAnswer(parsed, { body: joined, total, page: page ?? 0 });
}

/** The page is made before the related table is asked, so it can't depend on what is found there. */
function refuseInner({ relation, join, spread }: Embed): void {
  if (spread === true)
    throw new ApiError(400, 'PGRST127', `'${relation}' lies in the lakehouse and can't be spread`, {
      hint: 'Leave the dots out: it is embedded under its name.',
    });
  if (join !== 'inner') return;
  throw new ApiError(400, 'PGRST127', `'${relation}' lies in the lakehouse and can't be joined by !inner`, {
    details: 'Rows come from PostgreSQL first, and related ones are looked up for them.',
    hint: `Leave !inner out and drop rows whose '${relation}' is empty, or filter the analytical table itself.`,
  });
}

function relate({ analytical, relation, request, caller, catalogue, trace }: RelatedRead, embed: Embed): Promise<Relationship> {
  return analytical.relate({ embed, of: { schema: relation.schema, table: relation.name }, request, caller, catalogue, trace });
}

/** Distinct, without nulls. */
function keysOf(rows: readonly [string, (string | null)[]][], index: number): string[] {
  return [...new Set(rows.map(([, keys]) => keys[index] ?? null).filter((key) => key !== null))];
}

async function relatedOf({ toOne, rows }: Relationship, { alias, relation }: Embed, keys: readonly string[]): Promise<Related> {
  return { name: JSON.stringify(alias ?? relation), toOne, rows: await rows(keys) };
}

function withRelated(text: string, keys: readonly (string | null)[], related: readonly Related[]): string {
  const members = related.map(({ name, toOne, rows }, index) => {
    const key = keys[index] ?? null;
    const found = key === null ? [] : (rows.get(key) ?? []);
    return `${name}:${toOne ? (found[0] ?? 'null') : `[${found.join(', ')}]`}`;
  });
  return `${text.slice(0, -1)}${text === '{}' ? '' : ','}${members.join(',')}}`;
}

function tooMany(): ApiError {
  return new ApiError(400, 'PGRST124', `A page with related analytical rows has at most ${MOST_ROWS} rows`, { hint: 'Add a limit.' });
}

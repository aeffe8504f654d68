import type pg from 'pg';
import type { AnalyticalEmbed } from '../rows/analytical-layer.ts';
import { ApiError } from '../rows/api-error.ts';
import { unknownRelationship } from '../rows/target.ts';

/** A row of `lakeloop.relationship`: which analytical table belongs to a column of an operational one. Kept by administrators. */
export interface StoredRelationship {
  name: string;
  column: string;
  lakeSchema: string;
  lakeTable: string;
  lakeColumn: string;
  toOne: boolean;
}

const SELECT = `select name, table_column as "column", lake_schema as "lakeSchema", lake_table as "lakeTable", lake_column as "lakeColumn", to_one as "toOne"
  from lakeloop.relationship where table_schema = $1 and table_name = $2 and (lake_table = $3 or name = $3) and ($4::text is null or name = $4) order by name`;

/** Our schema is absent, or older than this table. */
const ABSENT = new Set(['42P01', '3F000']);

/** The one that the request means, by the embedded table's name or the relationship's own, and the hint where one is given. */
export async function findRelationship(pool: pg.Pool, { embed, of }: AnalyticalEmbed): Promise<StoredRelationship> {
  const found = await stored(pool, [of.schema, of.table, embed.relation, embed.hint ?? null]);
  if (found.length > 1)
    throw new ApiError(300, 'PGRST201', `Could not embed because more than one relationship was found for '${of.table}' and '${embed.relation}'`, {
      hint: `Try changing '${embed.relation}' to one of the following: ${found.map(({ name }) => `'${embed.relation}!${name}'`).join(', ')}`,
    });
  const [relationship] = found;
  if (!relationship) throw unknownRelationship(of.table, embed.relation);
  return relationship;
}

async function stored(pool: pg.Pool, values: (string | null)[]): Promise<StoredRelationship[]> {
  try {
    return (await pool.query<StoredRelationship>({ name: 'lakeloop.relationships', text: SELECT, values })).rows;
  } catch (error) {
    if (ABSENT.has((error as { code?: string }).code ?? '')) return [];
    throw error;
  }
}

import type pg from 'pg';
import type { EditReport } from '#contracts/http/tables';
import { quoteIdentifier, quoteLiteral } from '#libs/postgres/identifiers';
import type { Loss } from './table-edit.ts';

/** Keys shown of rows that an edit loses. */
const EXAMPLES = 5;

/** Which rows each of the losses means, of a table with this primary key. Those of none are left out. */
export async function countLosses(
  client: Pick<pg.ClientBase, 'query'>,
  { sql, key }: { sql: string; key: readonly string[] },
  losses: readonly Loss[],
): Promise<EditReport['losses']> {
  const named = key.length === 0 ? `null` : `json_build_object(${key.map((name) => `${quoteLiteral(name)}, t.${quoteIdentifier(name)}`).join(', ')})::text`;
  const count = async ({ what, condition, refuses }: Loss): Promise<EditReport['losses'][number]> => {
    const where = condition.replaceAll('@table', sql);
    const { rows } = await client.query<{ rows: string; examples: string[] }>(
      `select (select count(*) from ${sql} t where ${where}) as rows, array(select ${named} from ${sql} t where ${where} limit ${EXAMPLES}) as examples`,
    );
    return { what, rows: Number(rows[0]?.rows ?? 0), examples: (rows[0]?.examples ?? []).filter((each) => each !== null), refuses };
  };
  return (await Promise.all(losses.map(count))).filter(({ rows }) => rows > 0);
}

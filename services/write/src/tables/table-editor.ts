import type pg from 'pg';
import type { ColumnSpec, EditReport, SchemaEdit } from '#contracts/http/tables';
import type { WriteContext } from '#libs/governance/write-context';
import { quoteIdentifier, quoteLiteral, quoteTable } from '#libs/postgres/identifiers';
import { transaction } from '#libs/postgres/transaction';
import { retrying } from '#libs/runtime/backoff';
import { ProblemException } from '#libs/runtime/http/problem';
import type { Asking } from '../asking.ts';
import { SCHEMA_CHANNEL } from '../catalogue/catalogue-cache.ts';
import { compileCreate, compileEdit, type Targets } from './compile-edit.ts';
import type { CompiledEdit, Loss, TableEdit } from './table-edit.ts';
import type { NamedTable } from './named-table.ts';
import { describe, type ShapeQuery, tableShape, type TableShape } from './table-shape.ts';

const OWNER = 'lakeloop_owner';
/** How long an edit waits for a lock before it lets readers and writers pass, and how often it tries. */
const LOCK_TIMEOUT_MS = 1_000;
const ATTEMPTS = 8;
/** A lock was not to be had in time; a deadlock. */
const BUSY = new Set(['55P03', '40P01']);
/** Keys shown of rows that an edit loses. */
const EXAMPLES = 5;

export interface EditAsked extends Asking {
  dryRun: boolean;
  schemas: readonly string[];
}

/** Edits tables over the login for DDL, which the row API can't reach. Who may create in a table's schema may edit the table. */
export class TableEditor {
  readonly #admin: pg.Pool;

  constructor(admin: pg.Pool) {
    this.#admin = admin;
  }

  async create(table: NamedTable, edit: Extract<TableEdit, { op: 'create' }>, asked: EditAsked): Promise<EditReport> {
    await this.#mayCreate(table.schema, asked.principal.role);
    const targets = await this.#targets(edit.columns, table.schema);
    const compiled = compileCreate(edit, { sql: quoteTable(table), grantee: asked.principal.role }, targets);
    if (asked.dryRun) return { applied: false, edit: null, sql: compiled.sql, losses: [], reversible: true, table: null };
    return this.#apply({ table, edit, compiled, owner: OWNER, oid: null, reverts: null }, asked);
  }

  /** Any other edit. Refuses with the report (409 `rows-in-the-way`) while there are rows that the table as it shall be does not take. */
  async edit(table: NamedTable, edit: Exclude<TableEdit, { op: 'create' }>, asked: EditAsked, reverts: string | null = null): Promise<EditReport> {
    const shape = await tableShape(this.#admin, queryOf(asked), table);
    if (!shape.may.edit) throw notAllowed(table.schema, asked.principal.role);
    const compiled = compileEdit(edit, shape, await this.#targetsOf(edit, shape));
    const losses = await Promise.all(compiled.losses.map((loss) => this.#count(shape, loss)));
    const found = losses.filter(({ rows }) => rows > 0);
    if (asked.dryRun) return { applied: false, edit: null, sql: compiled.sql, losses: found, reversible: compiled.inverse !== null, table: null };
    if (losses.some(({ rows }, index) => rows > 0 && compiled.losses[index]?.refuses))
      throw new ProblemException(409, 'rows-in-the-way', `${shape.schema}.${shape.name} has rows that this edit would break`, {
        losses: found,
        hint: 'Change those rows first.',
      });
    const after = edit.op === 'rename' ? { ...table, name: edit.to } : table;
    const { rows: owners } = await this.#admin.query<{ owner: string }>('select relowner::regrole::text as owner from pg_class where oid = $1', [shape.oid]);
    const planned = { table: after, edit, compiled, owner: owners[0]?.owner ?? OWNER, oid: shape.oid, reverts };
    return { ...(await this.#apply(planned, asked)), losses: found };
  }

  /** Takes an edit of the past back by its inverse, as an edit of its own. */
  async revert(table: NamedTable, id: string, asked: EditAsked): Promise<EditReport> {
    const shape = await tableShape(this.#admin, queryOf(asked), table);
    const { rows } = await this.#admin.query<{ inverse: Exclude<TableEdit, { op: 'create' }> | null }>(
      'select inverse from lakeloop.schema_edit where id = $1 and root = $2',
      [id, shape.oid],
    );
    const [found] = rows;
    if (!found) throw new ProblemException(404, 'unknown-edit', `${table.schema}.${table.name} has no edit ${id}`);
    if (!found.inverse) throw new ProblemException(409, 'conflict', `the edit ${id} can't be taken back`);
    return this.edit(table, found.inverse, asked, id);
  }

  /** The table's edits, newest first. */
  async edits(table: NamedTable, asked: Pick<EditAsked, 'principal' | 'schemas'>): Promise<SchemaEdit[]> {
    const shape = await tableShape(this.#admin, queryOf(asked), table);
    const { rows } = await this.#admin.query<SchemaEdit>(
      `select id::text, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at, actor, context ->> 'reason' as reason, edit, sql, inverse is not null as reversible, reverts::text
       from lakeloop.schema_edit where root = $1 order by id desc`,
      [shape.oid],
    );
    return rows;
  }

  async #apply(planned: Planned, asked: EditAsked): Promise<EditReport> {
    const { compiled, table } = planned;
    const id = await this.#patiently((client) => this.#run(client, planned).then(() => record(client, planned, asked.context)));
    const after = await tableShape(this.#admin, queryOf(asked), table);
    return { applied: true, edit: id, sql: compiled.sql, losses: [], reversible: compiled.inverse !== null, table: describe(after) };
  }

  /** In a transaction that gives way: while it waits for its lock, everybody behind it waits too. */
  #patiently<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let attempt = 0;
    return retrying(() => transaction(this.#admin, work, `begin; set local lock_timeout = ${LOCK_TIMEOUT_MS}`), {
      initialMs: 100,
      maxMs: 2_000,
      retryable: (error) => BUSY.has((error as { code?: string }).code ?? '') && (attempt += 1) < ATTEMPTS,
    });
  }

  async #run(client: pg.PoolClient, { compiled: { sql, notes }, owner }: Planned): Promise<void> {
    const role = owner.startsWith('"') ? owner : quoteIdentifier(owner);
    if (role !== quoteIdentifier(OWNER)) await client.query(`grant usage, create on schema lakeloop_dropped, lakeloop_archive to ${role}`);
    await client.query(`set local role ${role}`);
    for (const statement of sql) await client.query(statement);
    await client.query('set local role none');
    for (const statement of notes) await client.query(statement);
    await client.query(`notify ${SCHEMA_CHANNEL}, 'reload schema'`);
  }

  async #count(shape: TableShape, { what, condition, refuses }: Loss): Promise<EditReport['losses'][number]> {
    const key =
      shape.key.length === 0 ? `null` : `json_build_object(${shape.key.map((name) => `${quoteLiteral(name)}, t.${quoteIdentifier(name)}`).join(', ')})::text`;
    const where = condition.replaceAll('@table', shape.sql);
    const { rows } = await this.#admin.query<{ rows: string; examples: string[] }>(
      `select (select count(*) from ${shape.sql} t where ${where}) as rows, array(select ${key} from ${shape.sql} t where ${where} limit ${EXAMPLES}) as examples`,
    );
    return { what, rows: Number(rows[0]?.rows ?? 0), examples: (rows[0]?.examples ?? []).filter((each) => each !== null), refuses };
  }

  /** Those of the schemas in which a role may make tables. */
  async makable(role: string, schemas: readonly string[]): Promise<string[]> {
    const { rows } = await this.#admin.query<{ name: string }>(
      `select n.nspname::text as name from pg_namespace n where n.nspname = any ($2) and has_schema_privilege($1::name, n.oid, 'create') order by n.nspname`,
      [role, schemas],
    );
    return rows.map(({ name }) => name);
  }

  async #mayCreate(schema: string, role: string): Promise<void> {
    const { rows } = await this.#admin.query<{ may: boolean | null }>(
      'select has_schema_privilege($1::name, n.oid, $2) as may from pg_namespace n where n.nspname = $3',
      [role, 'create', schema],
    );
    if (!rows[0]?.may) throw notAllowed(schema, role);
  }

  #targetsOf(edit: TableEdit, { schema, columns }: TableShape): Promise<Targets> {
    if (edit.op === 'add-column') return this.#targets([edit.column], schema);
    if (edit.op !== 'change-column') return Promise.resolve(new Map());
    const column = columns.find(({ spec }) => spec.name === edit.column);
    const references = edit.change.references === undefined ? column?.spec.references : (edit.change.references ?? undefined);
    return this.#targets([{ name: edit.column, type: 'reference', ...(references ? { references } : {}) }], schema);
  }

  /** What each reference means: the named column, or the table's only key column; only a unique one can be meant. */
  async #targets(columns: readonly ColumnSpec[], home: string): Promise<Targets> {
    const targets = new Map<string, { schema: string; table: string; column: string; sqlType: string }>();
    for (const { name, references } of columns) {
      if (!references) continue;
      const { rows } = await this.#admin.query<{ column: string; type: string }>(
        `select a.attname as column, format_type(a.atttypid, a.atttypmod) as type
         from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_index i on i.indrelid = c.oid and i.indisunique and i.indnkeyatts = 1 and i.indpred is null
         join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
         where n.nspname = $1 and c.relname = $2 and ($3::name is null and i.indisprimary or a.attname = $3)`,
        [references.schema ?? home, references.table, references.column ?? null],
      );
      const [found] = rows;
      if (found) targets.set(name, { schema: references.schema ?? home, table: references.table, column: found.column, sqlType: found.type });
    }
    return targets;
  }
}

/** An edit on its way. */
interface Planned {
  /** As it is called afterwards. */
  table: NamedTable;
  edit: TableEdit;
  compiled: CompiledEdit;
  owner: string;
  /** Null for a new table. */
  oid: string | null;
  /** The edit that this one takes back. */
  reverts: string | null;
}

async function record(client: pg.PoolClient, { table, edit, compiled, oid, reverts }: Planned, context: WriteContext): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `insert into lakeloop.schema_edit (root, actor, context, table_schema, table_name, edit, inverse, sql, reverts)
     values (coalesce($1::oid, to_regclass($2)::oid), $3, $4, $5, $6, $7, $8, $9, $10) returning id::text`,
    [
      oid,
      quoteTable(table),
      context.actor,
      JSON.stringify(context),
      table.schema,
      table.name,
      JSON.stringify(edit),
      compiled.inverse === null ? null : JSON.stringify(compiled.inverse),
      compiled.sql,
      reverts,
    ],
  );
  return rows[0]?.id ?? '';
}

function queryOf({ principal, schemas }: Pick<EditAsked, 'principal' | 'schemas'>): ShapeQuery {
  return { role: principal.role, schemas };
}

function notAllowed(schema: string, role: string): ProblemException {
  return new ProblemException(403, 'forbidden', `the role ${role} may not create or edit tables in ${schema}`, {
    hint: `An administrator can allow it: grant create on schema ${quoteIdentifier(schema)} to ${quoteIdentifier(role)}`,
  });
}

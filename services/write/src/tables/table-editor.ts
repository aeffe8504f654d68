import type pg from 'pg';
import type { ColumnSpec, EditList, EditProgress, EditReport } from '#contracts/http/tables';
import { quoteIdentifier, quoteTable } from '#libs/postgres/identifiers';
import { ProblemException } from '#libs/runtime/http/problem';
import type { Asking } from '../asking.ts';
import type { Targets } from './column-parts.ts';
import { compileCreate, compileEdit } from './compile-edit.ts';
import { countLosses } from './count-losses.ts';
import { announceSchema, OWNER, patiently, runAs } from './ddl.ts';
import { editsOf, type EditRecord, recordEdit } from './edit-record.ts';
import { newestInSteps, runningOn } from './steps/step-store.ts';
import type { StepEditor } from './steps/step-editor.ts';
import type { CompiledEdit, TableEdit } from './table-edit.ts';
import type { NamedTable } from './named-table.ts';
import { describe, type ShapeQuery, tableShape, type TableShape } from './table-shape.ts';

export interface EditAsked extends Asking {
  dryRun: boolean;
  schemas: readonly string[];
}

/** Edits tables over the login for DDL, which the row API can't reach. Who may create in a table's schema may edit the table. */
export class TableEditor {
  readonly #admin: pg.Pool;
  readonly #steps: StepEditor;

  constructor(admin: pg.Pool, steps: StepEditor) {
    this.#admin = admin;
    this.#steps = steps;
  }

  async create(table: NamedTable, edit: Extract<TableEdit, { op: 'create' }>, asked: EditAsked): Promise<EditReport> {
    await this.#mayCreate(table.schema, asked.principal.role);
    const targets = await this.#targets(edit.columns, table.schema);
    const compiled = compileCreate(edit, { sql: quoteTable(table), grantee: asked.principal.role }, targets);
    if (asked.dryRun) return reportOf(compiled);
    const { sql, inverse } = compiled;
    return this.#apply({ table, edit, compiled, owner: OWNER, oid: null, reverts: null, sql, inverse }, asked);
  }

  /**
   * Any other edit. Refuses with the report (409 `rows-in-the-way`) while there are rows that the table as it shall be does not take. Where the table is so large that one
   * statement would hold others up, the edit is begun, and done in steps.
   */
  async edit(table: NamedTable, edit: Exclude<TableEdit, { op: 'create' }>, asked: EditAsked, reverts: string | null = null): Promise<EditReport> {
    const shape = await this.#editable(table, asked);
    const running = await runningOn(this.#admin, shape.oid);
    if (running !== undefined) throw new ProblemException(409, 'edit-in-progress', `${shape.schema}.${shape.name} is being edited`, { edit: running });
    const targets = await this.#targetsOf(edit, shape);
    const compiled = compileEdit(edit, shape, targets);
    const losses = await countLosses(this.#admin, shape, compiled.losses);
    const steps = await this.#steps.plan(edit, shape, targets);
    const [plan, blocks] = typeof steps === 'string' ? [null, steps] : [steps, null];
    const report = { ...reportOf(compiled), losses, inSteps: plan !== null, blocks };
    if (asked.dryRun) return report;
    if (losses.some(({ refuses }) => refuses))
      throw new ProblemException(409, 'rows-in-the-way', `${shape.schema}.${shape.name} has rows that this edit would break`, {
        losses,
        hint: 'Change those rows first.',
      });
    const after = edit.op === 'rename' ? { ...table, name: edit.to } : table;
    const { rows: owners } = await this.#admin.query<{ owner: string }>('select relowner::regrole::text as owner from pg_class where oid = $1', [shape.oid]);
    const { sql, inverse } = compiled;
    const planned = { table: after, edit, compiled, owner: owners[0]?.owner ?? OWNER, oid: shape.oid, reverts, sql, inverse };
    if (plan) return { ...report, edit: await this.#steps.begin({ ...planned, ...plan, shape, losses: compiled.losses }, asked) };
    return { ...(await this.#apply(planned, asked)), losses, blocks };
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

  async edits(table: NamedTable, asked: Pick<EditAsked, 'principal' | 'schemas'>): Promise<EditList> {
    const { oid } = await tableShape(this.#admin, queryOf(asked), table);
    const [edits, inSteps] = await Promise.all([editsOf(this.#admin, oid), newestInSteps(this.#admin, oid)]);
    return { edits, inSteps: inSteps ?? null };
  }

  async progress(table: NamedTable, id: string, asked: Pick<EditAsked, 'principal' | 'schemas'>): Promise<EditProgress> {
    return this.#steps.progress(await tableShape(this.#admin, queryOf(asked), table), id);
  }

  /** Ends an edit in steps; the table stays as it was. Answers before it is cleaned up. */
  async cancel(table: NamedTable, id: string, asked: EditAsked): Promise<EditProgress> {
    return this.#steps.cancel(await this.#editable(table, asked), id);
  }

  async #editable(table: NamedTable, asked: EditAsked): Promise<TableShape> {
    const shape = await tableShape(this.#admin, queryOf(asked), table);
    if (!shape.may.edit) throw notAllowed(table.schema, asked.principal.role);
    return shape;
  }

  async #apply(planned: Planned, asked: EditAsked): Promise<EditReport> {
    const { compiled, owner, table } = planned;
    const id = await patiently(this.#admin, async (client) => {
      await runAs(client, owner, compiled.sql);
      for (const statement of compiled.notes) await client.query(statement);
      await announceSchema(client, planned.oid);
      return recordEdit(client, planned, asked.context);
    });
    const after = await tableShape(this.#admin, queryOf(asked), table);
    return { ...reportOf(compiled), applied: true, edit: id, table: describe(after) };
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
interface Planned extends EditRecord {
  compiled: CompiledEdit;
  owner: string;
}

function reportOf({ sql, inverse }: CompiledEdit): EditReport {
  return { applied: false, edit: null, sql, losses: [], inSteps: false, blocks: null, reversible: inverse !== null, table: null };
}

function queryOf({ principal, schemas }: Pick<EditAsked, 'principal' | 'schemas'>): ShapeQuery {
  return { role: principal.role, schemas };
}

function notAllowed(schema: string, role: string): ProblemException {
  return new ProblemException(403, 'forbidden', `the role ${role} may not create or edit tables in ${schema}`, {
    hint: `An administrator can allow it: grant create on schema ${quoteIdentifier(schema)} to ${quoteIdentifier(role)}`,
  });
}

import type pg from 'pg';
import type { EditList, EditProgress, EditReport, TableDescription, TableList } from '#contracts/http/tables';
import type { Principal } from '#libs/governance/principal';
import { ProblemException } from '#libs/runtime/http/problem';
import type { Asking } from '../asking.ts';
import type { CatalogueCache } from '../catalogue/catalogue-cache.ts';
import { governedCatalogue } from '../governed-catalogue.ts';
import { withSqlProblems } from '../sql-problem.ts';
import type { TableEdit } from './table-edit.ts';
import { type NamedTable, namedTable } from './named-table.ts';
import type { EditAsked, TableEditor } from './table-editor.ts';
import { describe, tableShape, tableShapes } from './table-shape.ts';
import type { TableQuery } from './table-requests.ts';

/** What the tables controller asks: exposed schemas by name, and what Postgres refuses as problems. Without a login for DDL, tables are read and not edited. */
export class TableRooms {
  readonly #pool: pg.Pool;
  readonly #catalogue: CatalogueCache;
  readonly #editor: TableEditor | undefined;

  constructor(pool: pg.Pool, catalogue: CatalogueCache, editor: TableEditor | undefined) {
    this.#pool = pool;
    this.#catalogue = catalogue;
    this.#editor = editor;
  }

  list({ role }: Principal): Promise<TableList> {
    return withSqlProblems(async () => {
      const schemas = this.#schemas();
      const [shapes, makable] = await Promise.all([tableShapes(this.#pool, { role, schemas }), this.#editor?.makable(role, schemas) ?? []]);
      return { tables: shapes.map(describe), schemas: makable };
    });
  }

  describe({ role }: Principal, name: string, query: TableQuery): Promise<TableDescription> {
    return withSqlProblems(async () => describe(await tableShape(this.#pool, { role, schemas: this.#schemas() }, this.#named(name, query))));
  }

  create(asking: Asking, name: string, edit: Extract<TableEdit, { op: 'create' }>, query: TableQuery): Promise<EditReport> {
    return withSqlProblems(() => this.#edits().create(this.#named(name, query), edit, this.#asked(asking, query)));
  }

  edit(asking: Asking, name: string, edit: Exclude<TableEdit, { op: 'create' }>, query: TableQuery): Promise<EditReport> {
    return withSqlProblems(() => this.#edits().edit(this.#named(name, query), edit, this.#asked(asking, query)));
  }

  revert(asking: Asking, name: string, id: string, query: TableQuery): Promise<EditReport> {
    return withSqlProblems(() => this.#edits().revert(this.#named(name, query), id, this.#asked(asking, query)));
  }

  edits(principal: Principal, name: string, query: TableQuery): Promise<EditList> {
    return withSqlProblems(() => this.#edits().edits(this.#named(name, query), { principal, schemas: this.#schemas() }));
  }

  progress(principal: Principal, name: string, id: string, query: TableQuery): Promise<EditProgress> {
    return withSqlProblems(() => this.#edits().progress(this.#named(name, query), id, { principal, schemas: this.#schemas() }));
  }

  cancel(asking: Asking, name: string, id: string, query: TableQuery): Promise<EditProgress> {
    return withSqlProblems(() => this.#edits().cancel(this.#named(name, query), id, this.#asked(asking, query)));
  }

  #edits(): TableEditor {
    if (this.#editor) return this.#editor;
    throw new ProblemException(501, 'unsupported', 'tables can not be edited here: there is no login for DDL', {
      hint: 'Set ADMIN_DATABASE_URL to a login that is a member of lakeloop_owner.',
    });
  }

  #asked(asking: Asking, { dryRun }: TableQuery): EditAsked {
    return { ...asking, dryRun: dryRun === true, schemas: this.#schemas() };
  }

  #named(name: string, query: TableQuery): NamedTable {
    return namedTable(this.#schemas(), name, query);
  }

  #schemas(): readonly string[] {
    return governedCatalogue(this.#catalogue).schemas;
  }
}

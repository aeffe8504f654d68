import type pg from 'pg';
import type { SavedView, SavedViews } from '#contracts/http/table-views';
import type { Governed } from '#libs/governance/governed';
import type { Asking } from '../../asking.ts';
import type { CatalogueCache } from '../../catalogue/catalogue-cache.ts';
import { governedCatalogue } from '../../governed-catalogue.ts';
import { withSqlProblems } from '../../sql-problem.ts';
import { namedTable } from '../named-table.ts';
import { tableShape } from '../table-shape.ts';
import { changeView, defaultOf, deleteView, keepView, setDefault, type ViewChange, viewsOf } from './view-store.ts';

/** A table as a request names it. */
export interface TableAsked {
  table: string;
  schema: string | undefined;
}

/** What the controller of views asks: tables by their exposed names, and every statement under the caller's role. */
export class ViewRooms {
  readonly #pool: pg.Pool;
  readonly #governed: Governed;
  readonly #catalogue: CatalogueCache;

  constructor({ pool, governed }: { pool: pg.Pool; governed: Governed }, catalogue: CatalogueCache) {
    this.#pool = pool;
    this.#governed = governed;
    this.#catalogue = catalogue;
  }

  list(asking: Asking, table: TableAsked): Promise<SavedViews> {
    return this.#in(asking, table, async (client, root) => ({ views: await viewsOf(client, root), default: await defaultOf(client, root) }), true);
  }

  keep(asking: Asking, table: TableAsked, view: ViewChange): Promise<SavedView> {
    return this.#in(asking, table, (client, root) => keepView(client, root, view));
  }

  change(asking: Asking, table: TableAsked, id: string, change: ViewChange): Promise<SavedView> {
    return this.#in(asking, table, (client, root) => changeView(client, { root, id }, change));
  }

  delete(asking: Asking, table: TableAsked, id: string): Promise<void> {
    return this.#in(asking, table, (client, root) => deleteView(client, { root, id }));
  }

  setDefault(asking: Asking, table: TableAsked, id: string | null): Promise<void> {
    return this.#in(asking, table, (client, root) => setDefault(client, root, id));
  }

  #in<T>(
    { principal, context }: Asking,
    { table, schema }: TableAsked,
    work: (client: pg.PoolClient, root: string) => Promise<T>,
    readOnly = false,
  ): Promise<T> {
    return withSqlProblems(async () => {
      const { schemas } = governedCatalogue(this.#catalogue);
      const { oid } = await tableShape(this.#pool, { role: principal.role, schemas }, namedTable(schemas, table, { schema }));
      return this.#governed.transaction({ principal, context, readOnly }, (client) => work(client, oid));
    });
  }
}

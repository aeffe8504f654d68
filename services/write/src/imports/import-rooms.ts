import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import type { ImportReport } from '#contracts/http/imports';
import { traceIdOf } from '#libs/governance/write-context';
import { ProblemException } from '#libs/runtime/http/problem';
import type { Asking } from '../asking.ts';
import type { CatalogueCache } from '../catalogue/catalogue-cache.ts';
import { governedRelation } from '../governed-catalogue.ts';
import { withSqlProblems } from '../sql-problem.ts';
import { checkMapping } from './column-mapping.ts';
import type { ImportRequest } from './import-requests.ts';
import { createImport, type Progress, refusalsOf, reportOf } from './import-store.ts';
import { importOf, type ImportStand, runImport } from './run-import.ts';

/** Imports by id: begun, fed, looked at. */
export class ImportRooms {
  readonly #stand: ImportStand;
  readonly #catalogue: CatalogueCache;
  /** Imports that this process is feeding, and how far each is: one that commits at its end shows nothing in the database before. */
  readonly #running = new Map<string, Progress>();

  constructor(stand: ImportStand, catalogue: CatalogueCache) {
    this.#stand = stand;
    this.#catalogue = catalogue;
  }

  create(asking: Asking, { table, schema, format, mode, columns }: ImportRequest): Promise<ImportReport> {
    return withSqlProblems(async () => {
      const relation = await governedRelation(this.#catalogue, { schema, name: table });
      const mapping = columns?.map(({ name, column }) => ({ name, column })) ?? null;
      if (mapping) checkMapping(relation, mapping);
      const { principal, context } = asking;
      const traceId = traceIdOf(context.traceparent) ?? '';
      const id = randomUUID();
      await createImport(this.#stand.pool, {
        id,
        actor: principal.subject,
        role: principal.role,
        schema: relation.schema,
        table: relation.name,
        format,
        mode: mode ?? 'all-or-nothing',
        mapping,
        traceId,
      });
      return this.report(asking, id);
    });
  }

  async report(asking: Asking, id: string): Promise<ImportReport> {
    const stored = await importOf(this.#stand, id, asking);
    const running = stored.state === 'open' ? this.#running.get(id) : undefined;
    const report = reportOf(stored, await refusalsOf(this.#stand.pool, id));
    return running ? { ...report, lines: running.lines, inserted: running.inserted, refused: running.refused } : report;
  }

  /** Feeds an import from `offset` on, and reports. 409 where it stands elsewhere, is ended, or is being fed. */
  feed(asking: Asking, id: string, offset: number, body: Readable): Promise<ImportReport> {
    return withSqlProblems(async () => {
      const stored = await importOf(this.#stand, id, asking);
      if (stored.state !== 'open') throw new ProblemException(409, 'conflict', `the import is ${stored.state}`);
      if (this.#running.has(id)) throw new ProblemException(409, 'conflict', 'the import is being fed by another request');
      if (stored.bytes !== offset)
        throw new ProblemException(409, 'wrong-offset', `the import goes on at byte ${stored.bytes}`, {
          offset: stored.bytes,
          hint: `Send the file from there, with Upload-Offset: ${stored.bytes}.`,
        });
      this.#running.set(id, stored);
      try {
        const traceparent = `00-${stored.traceId}-${asking.context.traceparent.slice(36, 52)}-01`;
        const context = { ...asking.context, traceparent, reason: asking.context.reason ?? `import ${id}` };
        const relation = await governedRelation(this.#catalogue, { schema: stored.schema, name: stored.table });
        await runImport(this.#stand, {
          stored,
          relation,
          asking: { ...asking, context },
          body,
          onProgress: (progress) => this.#running.set(id, { ...progress }),
        });
      } finally {
        this.#running.delete(id);
      }
      return this.report(asking, id);
    });
  }
}

import type { LakeCommit, LakeTable } from '../lakehouse.ts';
import { qualified, quoteText } from './quoting.ts';
import { finish } from './source.ts';
import type { TableInfo, Tables } from './table-info.ts';
import type { Warehouse } from './warehouse.ts';

const HOUR_MS = 3_600_000;
const RETENTION_HOURS = 168;
const RETENTION = 'delta.deletedFileRetentionDuration';
const TARGET = 'delta.targetFileSize';

/** OPTIMIZE and VACUUM, and the versions that are being read here: a vacuum of ours spares their files. */
export class TableUpkeep {
  readonly #warehouse: Warehouse;
  readonly #tables: Tables;
  readonly #catalog: string;
  /** By table: commit times of the pinned versions. */
  readonly #pins = new Map<string, Set<{ committedAtMs: number }>>();

  constructor(warehouse: Warehouse, tables: Tables, catalog: string) {
    this.#warehouse = warehouse;
    this.#tables = tables;
    this.#catalog = catalog;
  }

  pin({ table, committedAtMs }: TableInfo): () => void {
    const key = qualified(this.#catalog, table);
    const pin = { committedAtMs };
    const pins = this.#pins.get(key) ?? new Set();
    this.#pins.set(key, pins.add(pin));
    return () => {
      pins.delete(pin);
      if (pins.size === 0 && this.#pins.get(key) === pins) this.#pins.delete(key);
    };
  }

  async compact(table: LakeTable, { targetFileBytes }: { targetFileBytes?: number }): Promise<LakeCommit> {
    const name = qualified(this.#catalog, table);
    const { version: before, properties } = await this.#tables.get(table);
    if (targetFileBytes !== undefined && properties[TARGET] !== String(targetFileBytes))
      await finish(this.#warehouse, { sql: `ALTER TABLE ${name} SET TBLPROPERTIES ('${TARGET}' = '${targetFileBytes}')`, repeatable: true });
    const [row] = await this.#warehouse.rows({ sql: `OPTIMIZE ${name}`, repeatable: true });
    const metrics = JSON.parse(String(row?.['metrics'] ?? '{}')) as { numFilesRemoved?: number };
    const history = await this.#tables.history(table, 20);
    const made = history.find(({ operation, version }) => operation.toUpperCase() === 'OPTIMIZE' && version > before);
    return { version: made?.version ?? history[0]?.version ?? before, applied: (metrics.numFilesRemoved ?? 0) > 0, rows: 0n };
  }

  /**
   * A retention below the table's own is refused by Databricks, so the table's is lowered for the time being. Files that a pinned version needs have been removed after that version
   * was committed: a retention that reaches back before it spares them.
   */
  async vacuum(table: LakeTable, { retentionHours = RETENTION_HOURS }: { retentionHours?: number }): Promise<{ deletedFiles: number }> {
    const name = qualified(this.#catalog, table);
    const { properties, version } = await this.#tables.get(table);
    const pinned = [...(this.#pins.get(name) ?? [])].map(({ committedAtMs }) => Math.floor((Date.now() - committedAtMs) / HOUR_MS) + 1);
    const hours = Math.ceil(Math.max(retentionHours, ...pinned));
    const lowers = hours < RETENTION_HOURS;
    if (lowers) await finish(this.#warehouse, { sql: `ALTER TABLE ${name} SET TBLPROPERTIES ('${RETENTION}' = 'interval ${hours} hours')`, repeatable: true });
    try {
      await finish(this.#warehouse, { sql: `VACUUM ${name} RETAIN ${hours} HOURS`, repeatable: true });
    } finally {
      const own = properties[RETENTION];
      const restore = own === undefined ? `UNSET TBLPROPERTIES IF EXISTS ('${RETENTION}')` : `SET TBLPROPERTIES ('${RETENTION}' = ${quoteText(own)})`;
      if (lowers) await finish(this.#warehouse, { sql: `ALTER TABLE ${name} ${restore}`, repeatable: true });
    }
    const end = (await this.#tables.history(table, 20)).find((row) => row.version > version && row.operation.toUpperCase() === 'VACUUM END');
    return { deletedFiles: Number(end?.metrics['numDeletedFiles'] ?? 0) };
  }
}

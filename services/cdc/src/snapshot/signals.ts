import type { Logger } from '#libs/runtime/logger';
import { matchesTable, tablePattern } from '../change/pattern.ts';
import { parseSignal, type Signal, type SignalRow } from '../change/signal.ts';
import { isOver } from './snapshot.ts';
import type { Snapshotter } from './snapshotter.ts';

export interface SignalsOptions {
  logger: Logger;
  snapshotter: Snapshotter;
  /** Those whose snapshots may be asked for, as of now. */
  tables: () => Promise<readonly { schema: string; name: string }[]>;
}

const STATES = { stop: 'cancelled', pause: 'paused', resume: 'queued' } as const;

/**
 * Does what rows of the signal table ask for, in their order. It is written down before the position behind the row is confirmed, under an id that comes of the
 * row's: so a signal is never lost, and one that is seen again asks for nothing new.
 */
export class Signals {
  readonly #options: SignalsOptions;

  constructor(options: SignalsOptions) {
    this.#options = options;
  }

  async apply(row: SignalRow): Promise<void> {
    const signal = parseSignal(row);
    const { logger } = this.#options;
    if (signal.kind === 'unknown') logger.error({ signal: signal.id }, `a signal was not understood: ${signal.reason}`);
    else if (signal.kind === 'log') logger.info({ signal: signal.id }, signal.message);
    else if (signal.kind === 'execute') await this.#execute(signal);
    else await this.#change(signal);
  }

  async #execute({ id, tables: wanted, conditions }: Extract<Signal, { kind: 'execute' }>): Promise<void> {
    const { logger, snapshotter } = this.#options;
    const published = await this.#options.tables();
    for (const pattern of wanted) {
      const found = published.filter((table) => named(pattern, table));
      if (found.length === 0) logger.error({ signal: id, table: pattern }, 'a signal asks for a snapshot of a table that is not published');
      for (const { schema, name } of found) {
        const where = conditions.find(({ table }) => named(table, { schema, name }))?.filter ?? null;
        await snapshotter.requestOnce(`signal:${id}:${schema}.${name}`, { schema, table: name, where, cause: 'signal' });
      }
    }
  }

  async #change({ kind, tables }: Extract<Signal, { kind: 'stop' | 'pause' | 'resume' }>): Promise<void> {
    const { snapshotter } = this.#options;
    for (const snapshot of snapshotter.list()) {
      const concerned = tables.length === 0 || tables.some((pattern) => named(pattern, { schema: snapshot.schema, name: snapshot.table }));
      if (concerned && !isOver(snapshot) && (kind !== 'resume' || snapshot.state === 'paused')) await snapshotter.change(snapshot.id, STATES[kind]);
    }
  }
}

function named(pattern: string, table: { schema: string; name: string }): boolean {
  return pattern.includes('.') && matchesTable(tablePattern(pattern, 'data-collections'), table);
}

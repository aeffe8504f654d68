import type { LakehouseTableReport } from '#contracts/http/lakehouse';
import type { Lakehouse } from '#libs/lakehouse/lakehouse';
import { baseName, currentName } from '#libs/lakehouse/history/history-columns';
import type { HistoryFeeds, TableFeed } from './ingest/history-feeds.ts';

/** What `GET /v1/lakehouse/tables` says. */
export class TableReports {
  readonly #feeds: HistoryFeeds;
  readonly #lakehouse: Lakehouse;

  constructor(feeds: HistoryFeeds, lakehouse: Lakehouse) {
    this.#feeds = feeds;
    this.#lakehouse = lakehouse;
  }

  all(): Promise<LakehouseTableReport[]> {
    return Promise.all(this.#feeds.tables.map((feed) => this.#report(feed)));
  }

  async #report({ topic, source, history, partitions, upkeepFailure }: TableFeed): Promise<LakehouseTableReport> {
    const base = { schema: source.schema, name: baseName(source.table) };
    const [historyState, baseState] = await Promise.all([this.#lakehouse.describe(history.table), this.#lakehouse.describe(base)]);
    const shown = (state: typeof historyState, name: string): LakehouseTableReport['history'] =>
      state
        ? {
            name: `${source.schema}.${name}`,
            version: String(state.version),
            rows: countOf(state.rows),
            files: state.files ?? null,
            bytes: countOf(state.bytes),
          }
        : null;
    const states = partitions.map((feed) => feed.state);
    return {
      source: `${source.schema}.${source.table}`,
      topic,
      history: shown(historyState, history.table.name),
      base: shown(baseState, base.name),
      current: `${source.schema}.${currentName(source.table)}`,
      lagSeconds: Math.max(0, ...states.map(({ lagSeconds }) => lagSeconds)),
      partitions: states.map(({ phase, detail, applied, end, gap }, partition) => ({
        partition,
        phase,
        applied: applied === null ? null : String(applied),
        end: String(end),
        ...(detail === undefined ? {} : { detail }),
        ...(gap === undefined ? {} : { gap }),
      })),
      ...(upkeepFailure === undefined ? {} : { upkeepFailure }),
    };
  }
}

function countOf(value: bigint | undefined): string | null {
  return value === undefined ? null : String(value);
}

import { useEffect, useState } from 'react';
import type { SchemaEdit, TableDescription } from '#contracts/http/tables';
import { lakeloop } from '../api/lakeloop.ts';

/** A table as its page shows it. */
export interface ShownTable {
  table: TableDescription;
  /** Names of columns that it calls otherwise than in the description shown before, by the name before. */
  renamed: ReadonlyMap<string, string>;
}

const NONE: ReadonlyMap<string, string> = new Map();

/** The newest description, once it is known which columns have new names since the one that is shown: what stands at them goes with them. */
export function useShownTable(latest: TableDescription): ShownTable {
  const [shown, setShown] = useState<ShownTable>({ table: latest, renamed: NONE });
  const { table } = shown;
  useEffect(() => {
    if (table === latest) return undefined;
    const stop = new AbortController();
    const renames = table.version === latest.version ? Promise.resolve(NONE) : renamesSince(table, latest, stop.signal);
    void renames.then((renamed) => (stop.signal.aborted ? undefined : setShown({ table: latest, renamed })));
    return () => stop.abort();
  }, [table, latest]);
  return shown;
}

/** Without the edits a renamed column is one that went and another that came. */
async function renamesSince(before: TableDescription, latest: TableDescription, signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
  const edits = await lakeloop()
    .tables.edits(latest, { signal })
    .catch(() => undefined);
  return edits ? renamesOf(edits.edits, before.version) : NONE;
}

/** `edits`: newest first. */
export function renamesOf(edits: readonly Pick<SchemaEdit, 'id' | 'edit'>[], since: string | null): ReadonlyMap<string, string> {
  const renamed = new Map<string, string>();
  for (const { id, edit } of edits.toReversed()) {
    if (BigInt(id) <= BigInt(since ?? 0) || edit.op !== 'rename-column') continue;
    const [from, to] = [String(edit.column), String(edit.to)];
    const [first = from] = [...renamed].find(([, now]) => now === from) ?? [];
    renamed.set(first, to);
  }
  return renamed;
}

import type { Principal } from '#libs/governance/principal';
import { ProblemException } from '#libs/runtime/http/problem';
import { type Change, changesOfRow } from './changes.ts';
import { changeJson, type HistoryStand, seen, type SeenChange } from './row-history.ts';
import type { TableFacts } from './table-facts.ts';

export interface Compared {
  facts: TableFacts;
  /** JSON text of the row's primary key. */
  key: string;
  /** Ids of the changes that made the two versions, in any order. */
  from: string;
  to: string;
}

/** `versionDiff` of contracts/http/history.ts, as JSON text: images keep every digit. 404 where the row has no such version, or not for this role to see. */
export async function compareVersions(stand: HistoryStand, principal: Principal, { facts, key, from, to }: Compared): Promise<string> {
  const found = await Promise.all([versionOf(stand, facts, key, from), versionOf(stand, facts, key, to)]);
  const [before, after] = (await seen(stand.governed, principal, facts, found)) as [SeenChange, SeenChange];
  if (isHidden(before) || isHidden(after)) throw unknownVersion();
  const columns = JSON.stringify(differences(facts, before.change, after.change));
  return `{"table":${JSON.stringify(`${facts.schema}.${facts.name}`)},"key":${key},"from":${changeJson(facts, before)},"to":${changeJson(facts, after)},"columns":${columns}}`;
}

async function versionOf({ pool }: HistoryStand, { adoptedId }: TableFacts, key: string, id: string): Promise<Change> {
  const [change] = await changesOfRow(pool, adoptedId, key, { before: String(BigInt(id) + 1n), limit: 1 });
  if (change?.id === id) return change;
  throw unknownVersion();
}

/** A version that is there and not shown can't be told apart from a row that is gone: it is no version at all. */
function isHidden({ change, after }: SeenChange): boolean {
  return change.after !== null && after === null;
}

/** Columns whose text differs, of those that the role may see; ones that have been dropped since come last. */
function differences({ columns, readsAll }: TableFacts, { after: before }: Change, { after }: Change): string[] {
  const known = new Set(columns.map(({ name }) => name));
  const readable = columns.filter((column) => column.readable).map(({ name }) => name);
  const dropped = readsAll ? Object.keys({ ...before, ...after }).filter((name) => !known.has(name)) : [];
  return [...readable, ...dropped].filter((name) => (before?.[name] ?? null) !== (after?.[name] ?? null));
}

function unknownVersion(): ProblemException {
  return new ProblemException(404, 'unknown-change', 'the row has no such version, or it is not for this role to see');
}

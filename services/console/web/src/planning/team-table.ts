import { ApiError } from '../api/api-error.ts';
import { inWords } from '../api/in-words.ts';
import type { Row } from '../api/rows.ts';
import { LiveTable, type LiveTableView, type Seen } from '../live/live-table.ts';
import { type Adjustment, adjustmentOf } from './adjustment.ts';
import { type CellWrite, rowOf } from './cell-write.ts';
import { type Amount, amountOf } from './decimal.ts';
import { drops, hides, merged, NOTHING, type Overlay, settled, shows } from './overlay.ts';
import { SCHEMA } from './planning-data.ts';
import type { Team } from './reference.ts';
import { TeamWrites, type VersionedEntry } from './team-writes.ts';

/** Why a cell is not what was typed. */
export type Refusal =
  | { kind: 'refused'; title: string; detail: string; mine: string }
  /** Someone else changed the entry meanwhile. `theirs` undefined: it is gone. */
  | { kind: 'conflict'; entry: Adjustment; mine: Amount; theirs: VersionedEntry | undefined };

export interface TeamView {
  live: LiveTableView<Adjustment>;
  /** The stream's entries with one's own unconfirmed edits on top. */
  entries: ReadonlyMap<string, Adjustment>;
  /** Places with a write on its way. */
  sending: ReadonlySet<string>;
  refusals: ReadonlyMap<string, Refusal>;
  /** Who changed a place a moment ago: where others are. */
  seen: ReadonlyMap<string, { who: string; at: number }>;
  undoable: number;
}

/** How long the mark of somebody else's change stays, ms: the length of the animation in planning.css. */
const SEEN_MS = 5_000;

/** Where an entry stands, kind and measure included. */
export function placeKey(entry: Pick<Adjustment, 'product' | 'region' | 'period' | 'measure' | 'kind'>): string {
  return [entry.product, entry.region, entry.period, entry.measure, entry.kind].join('|');
}

/** One person's edits of a team's table: shown at once, sent in order, confirmed by the stream. */
export class TeamTable {
  readonly live: LiveTable<Adjustment>;
  readonly #writes: TeamWrites;
  readonly #me: string;
  readonly #listeners = new Set<() => void>();
  readonly #refusals = new Map<string, Refusal>();
  readonly #seen = new Map<string, { who: string; at: number }>();
  /** Row versions known from one's own writes, and the entry as it was then. */
  readonly #versions = new Map<string, VersionedEntry>();
  /** Ids given here → the ids that the server gave. */
  readonly #ids = new Map<string, string>();
  readonly #undo: (() => Promise<void>)[] = [];
  #overlay: Overlay = NOTHING;
  #queue: Promise<void> = Promise.resolve();
  #count = 0;
  #view: TeamView;

  constructor(team: Team, me: string) {
    this.live = new LiveTable<Adjustment>({ schema: SCHEMA, table: `${team}_adjustments`, keyOf: ({ id }) => id, read: adjustmentOf });
    this.#writes = new TeamWrites(team);
    this.#me = me;
    this.#view = this.#compute();
    this.live.subscribe(() => this.#publish());
    this.live.watch((changes) => this.#onSeen(changes));
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly view = (): TeamView => this.#view;

  /** The entry's version as the person sees it when they begin to edit: a change after that is a conflict. */
  async beginEdit(entry: Adjustment | undefined): Promise<VersionedEntry | undefined> {
    if (entry === undefined || entry.id.startsWith('new:')) return undefined;
    const known = this.#versions.get(entry.id);
    return known?.entry.updatedAt === entry.updatedAt ? known : this.#writes.read(entry.id);
  }

  /** Carries an edit out. `place`: where a refusal is shown. `seen`: what `beginEdit` found, for a change in place. */
  async apply(place: string, write: CellWrite, mine: Amount | undefined, seen?: Promise<VersionedEntry | undefined>): Promise<void> {
    this.#refusals.delete(place);
    if (write.op === 'insert') return this.#insert(place, write.rows);
    if (write.op === 'update') return this.#update(place, write.entry, write.change, { mine, seen: seen ?? this.beginEdit(write.entry) });
    if (write.op === 'delete') return this.#remove(place, write.entries);
    if (write.op === 'refused') this.#refusals.set(place, { kind: 'refused', title: 'Not possible', detail: write.why, mine: '' });
    this.#publish();
  }

  /** Many new entries in one statement; a refusal is thrown, and nothing of them is kept. */
  async insertAll(rows: readonly Row[]): Promise<void> {
    await this.#shown(
      rows.map((row) => this.#draft(row)),
      async () => this.#entered(await this.#writes.insert(rows)),
    );
  }

  async undo(): Promise<void> {
    const step = this.#undo.pop();
    this.#publish();
    await step?.();
  }

  /** The person goes on with what is there. */
  dismiss(place: string): void {
    this.#refusals.delete(place);
    this.#publish();
  }

  /** The person's amount over the other one, which they have seen now. */
  async insist(place: string): Promise<void> {
    const refusal = this.#refusals.get(place);
    if (refusal?.kind !== 'conflict') return;
    this.#refusals.delete(place);
    const { entry, mine, theirs } = refusal;
    if (theirs === undefined) return this.#insert(place, [{ ...rowOf(entry), amount: rowOf({ ...entry, amount: mine }).amount }]);
    return this.#update(place, theirs.entry, { amount: rowOf({ ...entry, amount: mine }).amount }, { mine, seen: Promise.resolve(theirs) });
  }

  async #insert(place: string, rows: readonly Row[]): Promise<void> {
    const drafts = rows.map((row) => this.#draft(row));
    await this.#shown(drafts, async () => this.#entered(await this.#writes.insert(rows), drafts)).catch((error: unknown) =>
      this.#refuse(place, error, drafts[0]?.amount),
    );
  }

  async #update(
    place: string,
    entry: Adjustment,
    change: Row,
    { mine, seen }: { mine: Amount | undefined; seen: Promise<VersionedEntry | undefined> },
  ): Promise<void> {
    const after = adjustmentOf({ ...rowOf(entry), id: entry.id, author: this.#me, updated_at: new Date().toISOString(), ...change });
    seen.catch(() => undefined);
    try {
      await this.#shown([after], async () => {
        const id = this.#ids.get(entry.id) ?? entry.id;
        const before = entry.id.startsWith('new:') ? await this.#writes.read(id) : await seen;
        if (before === undefined || before.entry.amount !== entry.amount) throw new Overtaken(before);
        const written = await this.#writes.update(id, change, before.etag).catch(async (error: unknown) => {
          if (error instanceof ApiError && error.status === 412) throw new Overtaken(await this.#writes.read(id));
          throw error;
        });
        this.#versions.set(id, written);
        this.#undo.push(() => this.#update(place, written.entry, backTo(entry, change), { mine: entry.amount, seen: Promise.resolve(written) }));
        return [written.entry];
      });
    } catch (error) {
      if (error instanceof Overtaken) this.#refusals.set(place, { kind: 'conflict', entry, mine: mine ?? after.amount, theirs: error.now });
      else this.#refuse(place, error, mine);
      this.#publish();
    }
  }

  async #remove(place: string, entries: readonly Adjustment[]): Promise<void> {
    const ids = entries.map(({ id }) => id);
    this.#overlay = hides(this.#overlay, ids, true);
    this.#publish();
    try {
      await this.#inTurn(async () => {
        const real = ids.map((id) => this.#ids.get(id) ?? id);
        const removed = await this.#writes.remove(real, seenUntil(entries));
        const went = removed.map(({ id }) => id);
        this.#overlay = hides(drops(this.#overlay, ids), went, false);
        if (went.length < real.length)
          this.#refusals.set(place, {
            kind: 'refused',
            title: 'Not all of it',
            detail: `${real.length - went.length} of the entries were changed meanwhile, or are not yours to remove: they stay.`,
            mine: '',
          });
        if (removed.length > 0)
          this.#undo.push(async () => this.insertAll(removed.map(rowOf)).catch((error: unknown) => this.#refuse(place, error, undefined)));
      });
    } catch (error) {
      this.#overlay = drops(this.#overlay, ids);
      this.#refuse(place, error, undefined);
    }
    this.#publish();
  }

  /** Shows drafts while `send` is under way, then what it answered; takes them back when it fails. */
  async #shown(drafts: readonly Adjustment[], send: () => Promise<readonly Adjustment[]>): Promise<void> {
    const ids = drafts.map(({ id }) => id);
    this.#overlay = shows(this.#overlay, drafts, true);
    this.#publish();
    try {
      await this.#inTurn(async () => {
        const stand = await send();
        this.#overlay = shows(drops(this.#overlay, ids), stand, false);
      });
    } catch (error) {
      this.#overlay = drops(this.#overlay, ids);
      throw error;
    } finally {
      this.#publish();
    }
  }

  #entered(entries: Adjustment[], drafts: readonly Adjustment[] = []): Adjustment[] {
    for (const [index, draft] of drafts.entries()) this.#ids.set(draft.id, entries[index]?.id ?? draft.id);
    const [first] = entries;
    if (first) this.#undo.push(() => this.#remove(placeKey(first), entries));
    return entries;
  }

  /** Writes go out one after the other: the second edit of a cell needs what the first one made. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const result = this.#queue.then(work);
    this.#queue = result.catch(() => undefined);
    return result;
  }

  #draft(row: Row): Adjustment {
    this.#count += 1;
    return adjustmentOf({ ...row, id: `new:${this.#count}`, author: this.#me, updated_at: new Date().toISOString() });
  }

  #refuse(place: string, error: unknown, mine: Amount | undefined): void {
    const { title, detail } = inWords(error);
    this.#refusals.set(place, { kind: 'refused', title, detail, mine: mine === undefined ? '' : (rowOf({ amount: mine } as Adjustment).amount as string) });
    this.#publish();
  }

  #onSeen(changes: readonly Seen<Adjustment>[]): void {
    for (const { after, before, actor } of changes) {
      const entry = after ?? before;
      const who = actor ?? after?.author ?? '';
      if (entry && who !== this.#me) this.#mark(placeKey(entry), { who, at: Date.now() });
    }
    this.#publish();
  }

  #mark(place: string, seen: { who: string; at: number }): void {
    this.#seen.set(place, seen);
    setTimeout(() => {
      if (this.#seen.get(place) !== seen) return;
      this.#seen.delete(place);
      this.#publish();
    }, SEEN_MS);
  }

  #publish(): void {
    this.#view = this.#compute();
    for (const listener of this.#listeners) listener();
  }

  #compute(): TeamView {
    const live = this.live.view();
    this.#overlay = settled(this.#overlay, live.rows);
    const sending = [...this.#overlay.shown.values()].filter((shown) => shown.sending).map(({ entry }) => placeKey(entry));
    const leaving = [...this.#overlay.gone].filter(([, gone]) => gone.sending).map(([id]) => live.rows.get(id));
    return {
      live,
      entries: merged(live.rows, this.#overlay),
      sending: new Set([...sending, ...leaving.filter((entry) => entry !== undefined).map(placeKey)]),
      refusals: new Map(this.#refusals),
      seen: new Map(this.#seen),
      undoable: this.#undo.length,
    };
  }
}

/** The row is not the one that the person began to edit. */
class Overtaken extends Error {
  readonly now: VersionedEntry | undefined;

  constructor(now: VersionedEntry | undefined) {
    super('overtaken');
    this.now = now;
  }
}

/** When the newest of the entries was changed, as the person sees them; undefined while one of them has no time of the server yet. */
function seenUntil(entries: readonly Adjustment[]): string | undefined {
  if (entries.some(({ id }) => id.startsWith('new:'))) return undefined;
  return entries.toSorted((a, b) => Date.parse(b.updatedAt) - Date.parse(a.updatedAt) || b.updatedAt.localeCompare(a.updatedAt))[0]?.updatedAt;
}

/** The columns of a change as they were before it. */
function backTo(entry: Adjustment, change: Row): Row {
  const before = rowOf(entry);
  return Object.fromEntries(Object.keys(change).map((column) => [column, before[column] ?? null]));
}

/** What a person typed into a cell whose write was refused. */
export function typedBefore(refusal: Refusal | undefined): Amount | undefined {
  return refusal?.kind === 'refused' ? amountOf(refusal.mine) : refusal?.mine;
}

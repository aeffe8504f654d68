/** Rows that lie next to each other. */
export interface Segment<T> {
  /** Index of the first. */
  start: number;
  rows: T[];
}

/** The loaded parts of a long list, by index: segments that neither overlap nor touch. A key is there at most once. */
export class SparseRows<T extends { key: string }> {
  #segments: Segment<T>[] = [];
  readonly #byKey = new Map<string, T>();

  get segments(): readonly Readonly<Segment<T>>[] {
    return this.#segments;
  }

  get size(): number {
    return this.#byKey.size;
  }

  at(index: number): T | undefined {
    const segment = this.#segments.find(({ start, rows }) => index >= start && index < start + rows.length);
    return segment?.rows[index - segment.start];
  }

  get(key: string): T | undefined {
    return this.#byKey.get(key);
  }

  indexOf(key: string): number | undefined {
    if (!this.#byKey.has(key)) return undefined;
    for (const { start, rows } of this.#segments) {
      const at = rows.findIndex((row) => row.key === key);
      if (at !== -1) return start + at;
    }
    return undefined;
  }

  /** Puts rows at their place, over what was there. A row that was elsewhere is here now. */
  put(start: number, rows: readonly T[]): void {
    if (rows.length === 0) return;
    const end = start + rows.length;
    const fresh = new Set(rows.map(({ key }) => key));
    const kept = this.#segments.flatMap((segment) => outside(segment, start, end)).flatMap((segment) => without(segment, fresh));
    this.#segments = merged([...kept, { start, rows: [...rows] }].toSorted((a, b) => a.start - b.start));
    this.#index();
  }

  /** The same row with other values. */
  replace(row: T): void {
    for (const { rows } of this.#segments) {
      const at = rows.findIndex(({ key }) => key === row.key);
      if (at === -1) continue;
      rows[at] = row;
      this.#byKey.set(row.key, row);
      return;
    }
  }

  /** The row goes, and what follows moves up. Whether it was here. */
  remove(key: string): boolean {
    const index = this.indexOf(key);
    if (index === undefined) return false;
    this.#segments = merged(
      this.#segments.flatMap(({ start, rows }) => {
        if (start > index) return [{ start: start - 1, rows }];
        const left = rows.filter((row) => row.key !== key);
        return left.length === 0 ? [] : [{ start, rows: left }];
      }),
    );
    this.#byKey.delete(key);
    return true;
  }

  clear(): void {
    this.#segments = [];
    this.#byKey.clear();
  }

  /** Forgets what is further than `reach` rows from `index`. */
  keepNear(index: number, reach: number): void {
    this.#segments = this.#segments.flatMap((segment) => inside(segment, index - reach, index + reach + 1));
    this.#index();
  }

  #index(): void {
    this.#byKey.clear();
    for (const { rows } of this.#segments) for (const row of rows) this.#byKey.set(row.key, row);
  }
}

function inside<T>({ start, rows }: Segment<T>, from: number, to: number): Segment<T>[] {
  const first = Math.max(0, from - start);
  const left = rows.slice(first, Math.max(0, to - start));
  return left.length === 0 ? [] : [{ start: start + first, rows: left }];
}

function outside<T>(segment: Segment<T>, from: number, to: number): Segment<T>[] {
  return [...inside(segment, segment.start, from), ...inside(segment, to, Infinity)];
}

/** Rows that moved leave a hole, which is read again when it is seen. */
function without<T extends { key: string }>({ start, rows }: Segment<T>, keys: ReadonlySet<string>): Segment<T>[] {
  if (!rows.some(({ key }) => keys.has(key))) return [{ start, rows }];
  const parts: Segment<T>[] = [];
  rows.forEach((row, at) => {
    if (keys.has(row.key)) return;
    const last = parts.at(-1);
    if (last && last.start + last.rows.length === start + at) last.rows.push(row);
    else parts.push({ start: start + at, rows: [row] });
  });
  return parts;
}

function merged<T>(segments: readonly Segment<T>[]): Segment<T>[] {
  const joined: Segment<T>[] = [];
  for (const { start, rows } of segments) {
    const last = joined.at(-1);
    if (last && last.start + last.rows.length === start) last.rows.push(...rows);
    else joined.push({ start, rows: [...rows] });
  }
  return joined;
}

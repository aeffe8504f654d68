/** The parts of answering a read, in the order in which they are shown. */
export const PARTS = ['parse', 'policy', 'postgres', 'queue', 'lakehouse', 'serialise'] as const;
export type Part = (typeof PARTS)[number];

export interface TracedStatement {
  layer: 'postgres' | 'lakehouse';
  /** With placeholders: no value is part of it. */
  sql: string;
}

/** Where one read went, and how long each part took, ms. */
export class QueryTrace {
  /** Set once the table's home is known. */
  home: 'postgres' | 'lakehouse' | 'both' | undefined;
  readonly #parts = new Map<Part, number>();
  readonly statements: TracedStatement[] = [];

  async time<T>(part: Part, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    try {
      return await work();
    } finally {
      this.add(part, performance.now() - started);
    }
  }

  add(part: Part, ms: number): void {
    this.#parts.set(part, (this.#parts.get(part) ?? 0) + ms);
  }

  statement(layer: TracedStatement['layer'], sql: string): void {
    this.statements.push({ layer, sql });
  }

  get parts(): { name: Part; ms: number }[] {
    return PARTS.flatMap((name) => (this.#parts.has(name) ? [{ name, ms: Math.round((this.#parts.get(name) ?? 0) * 1_000) / 1_000 }] : []));
  }

  /** `Server-Timing` (W3C): what is known when the answer begins. */
  get header(): string {
    return this.parts.map(({ name, ms }) => `${name};dur=${ms}`).join(', ');
  }
}

/** For writes: nothing is measured. */
class Untraced extends QueryTrace {
  override add(): void {}
  override statement(): void {}
}

export const UNTRACED: QueryTrace = new Untraced();

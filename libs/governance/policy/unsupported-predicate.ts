/** The predicate is outside what we evaluate exactly as Postgres does (decisions.md 10), or names what does not exist. Found when it is compiled, never later. */
export class UnsupportedPredicate extends Error {
  /** The column at fault, where there is one. */
  readonly column: string | undefined;

  constructor(message: string, column?: string) {
    super(message);
    this.name = 'UnsupportedPredicate';
    this.column = column;
  }
}

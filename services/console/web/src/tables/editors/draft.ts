/** What has been typed into an editor, kept outside of it: one that is drawn anew, for the rows or columns are others, goes on with it. */
export class Draft {
  /** What was typed to begin it: in the place of the value. */
  readonly typed: string | undefined;
  #text: string | undefined;

  constructor(typed: string | undefined) {
    this.typed = typed;
    this.#text = typed;
  }

  /** Undefined: nothing yet. */
  get text(): string | undefined {
    return this.#text;
  }

  keep(text: string): void {
    this.#text = text;
  }
}

/** What has been typed into an editor, kept outside of it: one that is drawn anew, for the rows or columns are others, goes on with it. */
export class Draft {
  #text: string | undefined;

  /** Undefined: nothing yet. */
  get text(): string | undefined {
    return this.#text;
  }

  keep(text: string): void {
    this.#text = text;
  }
}

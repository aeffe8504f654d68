import { ApiError } from '../api-error.ts';

/** Deepest nesting of `and(…)`/`or(…)`; far beyond any query a person or a library writes, far below our stack. */
const MAX_DEPTH = 64;

/** A cursor over one parameter's decoded value. Reading past the end yields ''; every refusal names the place. */
export class Scanner {
  readonly text: string;
  readonly #what: string;
  /** How many characters of the parameter come before the text. */
  readonly #shift: number;
  #position = 0;
  #depth = 0;

  /** `what` names the thing being read, in PostgREST's words: `filter`, `order`, `select parameter` … */
  constructor(text: string, what: string, shift = 0) {
    this.text = text;
    this.#shift = shift;
    this.#what = what;
  }

  get position(): number {
    return this.#position;
  }

  get done(): boolean {
    return this.#position >= this.text.length;
  }

  /** The next character, or '' at the end. */
  peek(): string {
    return this.text.charAt(this.#position);
  }

  startsWith(token: string): boolean {
    return this.text.startsWith(token, this.#position);
  }

  /** Takes `token` if it comes next. */
  eat(token: string): boolean {
    if (!this.startsWith(token)) return false;
    this.#position += token.length;
    return true;
  }

  expect(token: string): void {
    if (!this.eat(token)) this.fail(`"${token}"`);
  }

  /** Takes the longest run of characters that `accepts` says yes to. */
  takeWhile(accepts: (character: string, position: number) => boolean): string {
    const start = this.#position;
    while (!this.done && accepts(this.peek(), this.#position)) this.#position += 1;
    return this.text.slice(start, this.#position);
  }

  /** Takes all that is left. */
  rest(): string {
    const start = this.#position;
    this.#position = this.text.length;
    return this.text.slice(start);
  }

  skipSpaces(): void {
    this.takeWhile((character) => character === ' ');
  }

  seek(position: number): void {
    this.#position = position;
  }

  /** Runs `work` one level deeper, within the bound. */
  nested<T>(work: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) this.fail(`at most ${MAX_DEPTH} levels of nesting`);
    const result = work();
    this.#depth -= 1;
    return result;
  }

  /** Refuses the input at the cursor (or at `at`): 400 PGRST100 with PostgREST's wording and the column, counted from 1. */
  fail(expected: string, at = this.#position): never {
    const found = at >= this.text.length ? 'end of input' : JSON.stringify(this.text.charAt(at));
    throw new ApiError(400, 'PGRST100', `"failed to parse ${this.#what} (${this.text})" (line 1, column ${at + this.#shift + 1})`, {
      details: `unexpected ${found} expecting ${expected}`,
    });
  }
}

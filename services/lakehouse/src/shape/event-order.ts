/**
 * Tells events that a partition had before: capture repeats some after a crash (never skips), always from a position it had reached on. Compares event ids
 * as text, which holds within a system and timeline: the LSN has 16 digits always.
 */
export class EventOrder {
  #head = '';
  #ordinal = -1;

  /** Goes on after an event, or begins anew without one. */
  resume(id: string | undefined): void {
    const mark = split(id);
    [this.#head, this.#ordinal] = mark ? [mark.head, mark.ordinal] : ['', -1];
  }

  /** Whether the event comes after all before it, which makes it the newest. Ids of another system or timeline begin anew. */
  advance(id: string | undefined): boolean {
    const mark = split(id);
    if (!mark) return true;
    const { head, ordinal } = mark;
    const old = head === this.#head ? ordinal <= this.#ordinal : sameLine(head, this.#head) && head < this.#head;
    if (old) return false;
    [this.#head, this.#ordinal] = [head, ordinal];
    return true;
  }

  /** The newest event's id; undefined before the first. */
  get last(): string | undefined {
    return this.#ordinal < 0 ? undefined : `${this.#head}:${this.#ordinal}`;
  }
}

const LSN_DIGITS = 16;

function split(id: string | undefined): { head: string; ordinal: number } | undefined {
  const at = id?.lastIndexOf(':') ?? -1;
  if (id === undefined || at < LSN_DIGITS + 4) return undefined;
  const ordinal = Number(id.slice(at + 1));
  return Number.isSafeInteger(ordinal) ? { head: id.slice(0, at), ordinal } : undefined;
}

function sameLine(left: string, right: string): boolean {
  return left.length === right.length && left.slice(0, -LSN_DIGITS) === right.slice(0, -LSN_DIGITS);
}

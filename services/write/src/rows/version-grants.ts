import type { Clock } from '#libs/runtime/clock';

const REMEMBERED_MS = 60_000;
const MOST = 10_000;

/**
 * Who may read a table's row version. PostgreSQL wants SELECT on the whole table for `xmin`, and tells so only when asked: a refusal is
 * remembered for a minute, so that writers without that grant lose the ETag and nothing else.
 */
export class VersionGrants {
  readonly #clock: Clock;
  readonly #refused = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  mayRead(role: string, relation: string): boolean {
    const until = this.#refused.get(`${role} ${relation}`);
    return until === undefined || until < this.#clock.now();
  }

  refuse(role: string, relation: string): void {
    if (this.#refused.size >= MOST) this.#refused.clear();
    this.#refused.set(`${role} ${relation}`, this.#clock.now() + REMEMBERED_MS);
  }
}

import type { Clock } from '#libs/runtime/clock';

const WINDOW_MS = 60_000;
const PER_ACCOUNT = 5;
const IN_ALL = 60;

/** Counts wrong passwords: five a minute for one user name, sixty in all. In memory: a restart forgives. */
export class LoginAttempts {
  readonly #clock: Clock;
  #failures: { username: string; at: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Seconds to wait before this user name may try again; 0: now. */
  waitSeconds(username: string): number {
    const since = this.#clock.now() - WINDOW_MS;
    this.#failures = this.#failures.filter(({ at }) => at > since);
    const own = this.#failures.filter((failure) => failure.username === username);
    const oldest = own.length >= PER_ACCOUNT ? own[0] : this.#failures.length >= IN_ALL ? this.#failures[0] : undefined;
    return oldest ? Math.max(1, Math.ceil((oldest.at - since) / 1000)) : 0;
  }

  failed(username: string): void {
    this.#failures.push({ username, at: this.#clock.now() });
  }

  succeeded(username: string): void {
    this.#failures = this.#failures.filter((failure) => failure.username !== username);
  }
}

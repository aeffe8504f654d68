/** State of one dependency or duty of the service, as `/health/ready` shows it. */
export interface Readiness {
  ready: boolean;
  /** What is missing or wrong, for a person; no secrets. */
  detail?: string;
}
export type HealthCheck = () => Readiness | Promise<Readiness>;

/** All checks of a process by name. A service registers its own at boot; the HTTP side (http.ts) asks them all. */
export class Health {
  readonly #checks = new Map<string, HealthCheck>();

  /** Registers a check; a name is taken once. */
  register(name: string, check: HealthCheck): void {
    if (this.#checks.has(name)) throw new TypeError(`health check ${name} is registered twice`);
    this.#checks.set(name, check);
  }

  /** Asks every check; one that throws or takes over 2 s is not ready. */
  async report(): Promise<{ ready: boolean; checks: Record<string, Readiness> }> {
    const entries = await Promise.all([...this.#checks].map(async ([name, check]) => [name, await ask(check)] as const));
    return { ready: entries.every(([, state]) => state.ready), checks: Object.fromEntries(entries) };
  }
}

async function ask(check: HealthCheck): Promise<Readiness> {
  const late = Promise.withResolvers<Readiness>();
  const timer = setTimeout(() => late.resolve({ ready: false, detail: 'no answer within 2 s' }), 2_000);
  try {
    return await Promise.race([Promise.resolve().then(check), late.promise]);
  } catch (error) {
    return { ready: false, detail: error instanceof Error ? error.message : 'failed' };
  } finally {
    clearTimeout(timer);
  }
}

/** A running Lakeloop under test, in either of its two shapes: what the scenarios need to know of it. */
export interface Shape {
  readonly name: 'embedded' | 'cluster';
  /** Base URL of the console: serves the pages and, as a proxy, every API. */
  readonly url: string;
  /** Base URL by API. */
  readonly urls: { write: string; notification: string; workflow: string };
  readonly issuer: string;
  readonly accounts: Readonly<Record<string, Account>>;
  /** The superuser's URL of the data base, for `psql` and for looking. */
  readonly databaseUrl: string;
  stop(): Promise<void>;
}

export interface Account {
  username: string;
  password: string;
  name: string;
}

/** The services that a fault test may kill in the cluster shape. */
export const SERVICES = ['write', 'cdc', 'workflow', 'notification'] as const;
export type Service = (typeof SERVICES)[number];

/** A shape whose services are processes of their own. */
export interface Killable extends Shape {
  /** SIGKILL; resolves once the process is gone. */
  kill(service: Service): Promise<void>;
  /** Starts it again; resolves once it is ready. */
  restart(service: Service): Promise<void>;
}

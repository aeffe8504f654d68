import { z } from 'zod';
import { Failure } from '#libs/failure/failure';
import { flag, list, port, postgresUrl } from '#libs/runtime/config';
import { isStorageUrl } from './files/storage-url.ts';

/** A JWK set (RFC 7517 §5) as JSON text. */
const jwks = z.string().transform((text, context) => {
  try {
    const value = JSON.parse(text) as { keys?: unknown };
    if (Array.isArray(value.keys)) return value as { keys: Record<string, string>[] };
  } catch {
    // said below
  }
  context.addIssue({ code: 'custom', message: 'must be a JSON Web Key Set: {"keys":[…]}' });
  return z.NEVER;
});

/** A function's name with its schema's. */
const qualifiedName = z.string().transform((text, context) => {
  const [schema = '', name = '', ...others] = text.split('.');
  if (schema !== '' && name !== '' && others.length === 0) return { schema, name };
  context.addIssue({ code: 'custom', message: 'must be schema.function' });
  return z.NEVER;
});

/** Settings of the write service. */
export const writeSettings = z.object({
  DATABASE_URL: postgresUrl.describe('Postgres login of the service: owns nothing, may become the app roles'),
  ADMIN_DATABASE_URL: postgresUrl.optional().describe('login for DDL; unset: /v1/tables and /v1/policies answer 501'),
  REST_SCHEMAS: list.default(['public']).describe('exposed schemas, comma-separated; the first is the default'),
  REST_ANON_ROLE: z.string().optional().describe('Postgres role of a request without a token; unset: 401'),
  REST_MAX_ROWS: z.coerce.number().int().positive().optional().describe('most rows of one read; unset: no bound'),
  REST_AGGREGATES: flag.default(true).describe('whether reads may aggregate: count(), sum(), avg(), min(), max()'),
  REST_EXTRA_SEARCH_PATH: list.default(['public']).describe("schemas whose functions and types need no schema's name, after the request's own schema"),
  REST_PRE_REQUEST: qualifiedName.optional().describe('function (schema.name) that is called before each statement, under its role'),
  REST_TX_END: z
    .enum(['commit', 'commit-allow-override', 'rollback', 'rollback-allow-override'])
    .default('commit')
    .describe('how transactions end, and whether Prefer: tx=… may say otherwise'),
  REST_REQUEST_SETTINGS: flag.default(false).describe('whether requests to governed tables set request.method, .path, .headers and .cookies too'),
  REST_PLAN: flag.default(false).describe('whether application/vnd.pgrst.plan may be asked for'),
  REST_SERVER_TIMING: flag.default(false).describe('whether reads tell in Server-Timing where their time went'),
  LAKEHOUSE_DIRECTORY: z
    .string()
    .optional()
    .describe(
      'directory (or s3://bucket/prefix) of the Delta tables that are served beside Postgres; unset, and without DATABRICKS_HOST: none, and no engine is loaded',
    ),
  LAKEHOUSE_QUERY_CONCURRENCY: z.coerce.number().int().positive().default(2).describe('analytical queries at once'),
  LAKEHOUSE_QUERY_QUEUE: z.coerce.number().int().min(0).default(32).describe('analytical queries that may wait; more are answered 429'),
  LAKEHOUSE_QUERY_WAIT_MS: z.coerce.number().int().positive().default(10_000).describe('longest wait of an analytical query; then 503'),
  LAKEHOUSE_QUERY_TIMEOUT_MS: z.coerce.number().int().positive().default(60_000).describe('longest analytical statement'),
  LAKEHOUSE_QUERY_STALL_MS: z.coerce.number().int().positive().default(30_000).describe('longest pause of a client that reads an analytical answer'),
  LAKEHOUSE_USER_TOKEN: flag.default(false).describe("the warehouse governs by itself: analytical queries carry the caller's token"),
  OIDC_ISSUER: z.url().optional().describe('OpenID Connect issuer whose tokens count'),
  OIDC_AUDIENCE: z.string().optional().describe('required audience of tokens'),
  JWT_JWKS: jwks.optional().describe('static JSON Web Key Set that verifies tokens'),
  JWT_ROLE_CLAIM: z.string().default('role').describe('claim that names the Postgres role; a dotted path'),
  JWT_LENIENT: flag.default(false).describe('take tokens that name no end, no subject (then the role) or no role (then REST_ANON_ROLE), as PostgREST does'),
  TABLES_AT_ONCE_BYTES: z.coerce
    .number()
    .int()
    .min(0)
    .default(4 * 1024 * 1024)
    .describe('largest table, with its indexes, that an edit of its schema may rewrite or read through in one statement; larger ones in steps'),
  UNDO_PAGE_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(1024 * 1024)
    .describe('rows that one statement of an undo writes, in bytes'),
  FILES_URL: z
    .string()
    .refine(isStorageUrl, { error: 'must be file:///directory or s3://bucket/prefix' })
    .optional()
    .describe('where the bytes of files lie: file:///directory, which all processes of the service share, or s3://bucket/prefix; unset: /v1/files answers 501'),
  FILES_MAX_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(1024 ** 3)
    .describe('largest file'),
  FILES_STALL_MS: z.coerce.number().int().positive().default(30_000).describe('longest pause of a client that sends a file'),
  FILES_UNUSED_HOURS: z.coerce.number().positive().default(24).describe('how long an upload may wait to come into a row before it is collected'),
  WRITE_PORT: port.default(8080).describe('HTTP port'),
  WRITE_MAX_BODY_BYTES: z.coerce
    .number()
    .int()
    .positive()
    .default(10 * 1024 * 1024)
    .describe('largest request body'),
  REST_STREAMS: z.coerce.number().int().positive().default(8).describe('reads of unknown length at once, each on a connection beside DB_POOL_MAX'),
  REST_STREAM_STALL_MS: z.coerce.number().int().positive().default(30_000).describe('longest pause of a client that reads a long answer'),
  IMPORT_STALL_MS: z.coerce.number().int().positive().default(60_000).describe('longest pause of a client that sends a file to import'),
  WRITE_STATEMENT_TIMEOUT_MS: z.coerce.number().int().min(0).default(30_000).describe('longest statement; 0: no bound'),
  DB_POOL_MAX: z.coerce.number().int().positive().default(16).describe('most Postgres connections'),
});
export type WriteSettings = Readonly<z.infer<typeof writeSettings>>;

/** What the module itself is given; the rest of the settings are the process's. */
export type WriteConfig = Pick<
  WriteSettings,
  | 'REST_SCHEMAS'
  | 'REST_ANON_ROLE'
  | 'REST_MAX_ROWS'
  | 'REST_AGGREGATES'
  | 'WRITE_MAX_BODY_BYTES'
  | 'WRITE_STATEMENT_TIMEOUT_MS'
  | 'IMPORT_STALL_MS'
  | 'DB_POOL_MAX'
  | 'TABLES_AT_ONCE_BYTES'
  | 'UNDO_PAGE_BYTES'
> &
  DialectConfig &
  AnalyticalConfig &
  FilesConfig;

/** Where files lie, and within which bounds they come. */
export type FilesConfig = Pick<WriteSettings, 'FILES_URL' | 'FILES_MAX_BYTES' | 'FILES_STALL_MS' | 'FILES_UNUSED_HOURS'>;

/** How rows are read, beside the bounds. */
export type DialectConfig = Pick<
  WriteSettings,
  | 'REST_EXTRA_SEARCH_PATH'
  | 'REST_PRE_REQUEST'
  | 'REST_TX_END'
  | 'REST_REQUEST_SETTINGS'
  | 'REST_PLAN'
  | 'REST_SERVER_TIMING'
  | 'REST_STREAMS'
  | 'REST_STREAM_STALL_MS'
>;

/** As they are where nothing is set. */
export const DIALECT_DEFAULTS: DialectConfig = {
  REST_EXTRA_SEARCH_PATH: ['public'],
  REST_PRE_REQUEST: undefined,
  REST_TX_END: 'commit',
  REST_REQUEST_SETTINGS: false,
  REST_PLAN: false,
  REST_SERVER_TIMING: false,
  REST_STREAMS: 8,
  REST_STREAM_STALL_MS: 30_000,
};

/** How analytical queries are kept within bounds. */
export type AnalyticalConfig = Pick<
  WriteSettings,
  | 'LAKEHOUSE_QUERY_CONCURRENCY'
  | 'LAKEHOUSE_QUERY_QUEUE'
  | 'LAKEHOUSE_QUERY_WAIT_MS'
  | 'LAKEHOUSE_QUERY_TIMEOUT_MS'
  | 'LAKEHOUSE_QUERY_STALL_MS'
  | 'LAKEHOUSE_USER_TOKEN'
>;

/** A service that anybody could use as anybody must not start (decisions.md 11). */
export function requireIdentity({ OIDC_ISSUER, JWT_JWKS, REST_ANON_ROLE }: Pick<WriteSettings, 'OIDC_ISSUER' | 'JWT_JWKS' | 'REST_ANON_ROLE'>): void {
  if (OIDC_ISSUER || JWT_JWKS || REST_ANON_ROLE) return;
  throw new Failure('misconfigured', 'nobody could sign in: set OIDC_ISSUER, JWT_JWKS or REST_ANON_ROLE');
}

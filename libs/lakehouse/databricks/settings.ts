import { z } from 'zod';
import { type Environment, loadConfig } from '#libs/runtime/config';
import { Failure } from '#libs/failure/failure';

const host = z
  .string()
  .transform((text) => text.replace(/^https:\/\//, '').replace(/\/+$/, ''))
  .refine((text) => /^[A-Za-z0-9.-]+(:\d+)?$/.test(text), { error: 'must be a host name, with or without https://' });

/** Settings of a Databricks workspace. `DATABRICKS_HOST` being set chooses it; then the others count. */
export const databricksSettings = z.object({
  DATABRICKS_HOST: host.optional().describe('Databricks workspace; unset: Delta tables on local disk'),
  DATABRICKS_HTTP_PATH: z
    .string()
    .regex(/^\/sql\//)
    .optional()
    .describe('HTTP path of the SQL warehouse, /sql/1.0/warehouses/…'),
  DATABRICKS_TOKEN: z.string().optional().describe('personal access token; or the two below'),
  DATABRICKS_CLIENT_ID: z.string().optional().describe("a service principal's application id (OAuth machine-to-machine)"),
  DATABRICKS_CLIENT_SECRET: z.string().optional().describe('its OAuth secret'),
  DATABRICKS_CATALOG: z.string().default('main').describe('catalogue of Unity Catalog that holds the schemas'),
  DATABRICKS_VOLUME: z
    .string()
    .regex(/^\/Volumes\/[^/]+\/[^/]+\/[^/]+$/)
    .optional()
    .describe('/Volumes/<catalog>/<schema>/<volume> for staging large batches'),
});

/** A workspace that is set, with what it takes to talk to it. */
export interface DatabricksConnection {
  host: string;
  httpPath: string;
  identity: { token: string } | { clientId: string; clientSecret: string };
  catalog: string;
  volume: string | undefined;
}

/** The workspace that the environment names; undefined when it names none. Half a setting is `misconfigured`; messages name keys, never values. */
export function databricksConnection(environment: Environment): DatabricksConnection | undefined {
  if ((environment['DATABRICKS_HOST'] ?? '') === '') return undefined;
  const read = loadConfig(databricksSettings, environment);
  const { DATABRICKS_HOST, DATABRICKS_HTTP_PATH, DATABRICKS_TOKEN, DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET } = read;
  if (DATABRICKS_HOST === undefined) return undefined;
  if (DATABRICKS_HTTP_PATH === undefined) throw new Failure('misconfigured', 'wrong settings: DATABRICKS_HTTP_PATH: is required with DATABRICKS_HOST');
  return {
    host: DATABRICKS_HOST,
    httpPath: DATABRICKS_HTTP_PATH,
    identity: identityOf(DATABRICKS_TOKEN, DATABRICKS_CLIENT_ID, DATABRICKS_CLIENT_SECRET),
    catalog: read.DATABRICKS_CATALOG,
    volume: read.DATABRICKS_VOLUME,
  };
}

function identityOf(token: string | undefined, clientId: string | undefined, clientSecret: string | undefined): DatabricksConnection['identity'] {
  if (token !== undefined && (clientId !== undefined || clientSecret !== undefined))
    throw new Failure('misconfigured', 'wrong settings: DATABRICKS_TOKEN: give either a token or DATABRICKS_CLIENT_ID with DATABRICKS_CLIENT_SECRET, not both');
  if (token !== undefined) return { token };
  if (clientId !== undefined && clientSecret !== undefined) return { clientId, clientSecret };
  throw new Failure(
    'misconfigured',
    'wrong settings: DATABRICKS_TOKEN, or DATABRICKS_CLIENT_ID with DATABRICKS_CLIENT_SECRET: is required with DATABRICKS_HOST',
  );
}

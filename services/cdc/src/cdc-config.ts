import { z } from 'zod';
import { flag, list, port, postgresUrl } from '#libs/runtime/config';

const DAY_MS = 86_400_000;
const GIB = 1_073_741_824;
const MIB = 1_048_576;

/** Conditions by table, as JSON. */
const conditions = z.string().transform((text, context): Record<string, string> => {
  const result = z.record(z.string(), z.string().min(1)).safeParse(parsed(text));
  if (result.success) return result.data;
  context.addIssue({ code: 'custom', message: 'must be a JSON object of conditions by schema.table' });
  return z.NEVER;
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Settings of the service. Where the change log is: libs/changelog/open-change-log.ts; embedded, it is given as an adapter. */
export const cdcSettings = z.object({
  DATABASE_URL: postgresUrl.describe('a login with REPLICATION; also reads the catalogue'),
  CDC_TOPIC_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,80}$/, { error: 'must be letters, digits, dot, underscore or dash' })
    .default('lakeloop')
    .describe('first part of every topic'),
  CDC_TABLES: list.default([]).describe('schema.table patterns, * allowed; unset: every table that has a replica identity'),
  CDC_TABLES_EXCLUDE: list.default([]).describe('schema.table patterns that are left out, whatever CDC_TABLES says'),
  CDC_COLUMNS_INCLUDE: list.default([]).describe('schema.table.column patterns: of tables that one speaks of, only these columns'),
  CDC_COLUMNS_EXCLUDE: list.default([]).describe('schema.table.column patterns that are left out'),
  CDC_COLUMNS_MASK: list.default([]).describe('schema.table.column=hash, or =text:<fixed text>'),
  CDC_MASK_SALT: z.string().min(16, { error: 'must have 16 characters or more' }).optional().describe('secret key of hashed columns'),
  CDC_ROW_FILTERS: conditions.default({}).describe('JSON object of SQL conditions by schema.table, pushed into the publication'),
  CDC_MESSAGE_KEYS: z.string().default('').describe("schema.table:column,column;… columns of the record's key where it is not the table's"),
  CDC_TOPIC_ROUTES: list.default([]).describe('schema.table=topic; the first pattern that matches counts'),
  CDC_TABLE_PARTITIONS: list.default([]).describe('schema.table=count, for the topics of these tables'),
  CDC_TRANSACTION_METADATA: flag.default(false).describe('place of each event in its transaction, and begin and end of transactions in <prefix>.transaction'),
  CDC_CLOUDEVENTS: flag.default(false).describe('headers of CloudEvents (binary mode)'),
  CDC_SIGNAL_TABLE: z
    .string()
    .regex(/^[^.]+\..+$/s, { error: 'must be schema.table' })
    .optional()
    .describe('table whose inserts ask for snapshots: id, type, data'),
  CDC_SLOT: z
    .string()
    .regex(/^[a-z0-9_]{1,63}$/, { error: 'must be lower-case letters, digits and underscores' })
    .default('lakeloop')
    .describe('replication slot, created when missing'),
  CDC_PUBLICATION: z.string().min(1).max(63).default('lakeloop').describe('publication, created when missing'),
  CDC_SNAPSHOT: z.enum(['initial', 'never']).default('initial').describe('rows that were there before the slot, or before their table was published'),
  CDC_SNAPSHOT_CHUNK_ROWS: z.coerce.number().int().min(1).max(1_000_000).default(2_500).describe('most rows of one chunk of a snapshot'),
  CDC_SNAPSHOT_PARALLEL: z.coerce.number().int().min(1).max(64).default(2).describe('tables whose snapshots are taken at once'),
  CDC_ADMIN_TOKEN: z
    .string()
    .min(16, { error: 'must have 16 characters or more' })
    .optional()
    .describe('bearer token that operates capture over HTTP; unset: it can not be operated over HTTP'),
  CDC_TOPIC_PARTITIONS: z.coerce.number().int().min(1).max(10_000).default(1).describe('partitions of a topic that is created'),
  CDC_TOPIC_RETENTION_MS: z.coerce
    .number()
    .int()
    .min(-1)
    .default(7 * DAY_MS)
    .describe('how long a created topic keeps its records; -1 for ever'),
  CDC_MAX_ROW_BYTES: z.coerce
    .number()
    .int()
    .min(1_024)
    .max(512 * MIB)
    .default(32 * MIB)
    .describe('largest change as the server sends it, old and new row; a larger one is parked'),
  CDC_DLQ_RETENTION_MS: z.coerce
    .number()
    .int()
    .min(-1)
    .default(30 * DAY_MS)
    .describe('how long parked changes are kept; -1 for ever'),
  CDC_ADOPT_POSITION: flag.default(false).describe('go on from the slot although what was published before is not known; events may be missing'),
  CDC_HEARTBEAT_MS: z.coerce
    .number()
    .int()
    .min(100)
    .max(60_000)
    .default(5_000)
    .describe('how often the server is asked where it is, so that an idle or excluded-only source advances'),
  CDC_TAKEOVER_AFTER_MS: z.coerce
    .number()
    .int()
    .refine((ms) => ms === 0 || (ms >= 2_000 && ms <= 600_000), { error: 'must be 0, or 2000 to 600000' })
    .default(5_000)
    .describe('a standby ends the sessions of a leader that was silent for so long; 0: never'),
  CDC_SLOT_LAG_WARN_BYTES: z.coerce.number().int().min(0).default(GIB).describe('WAL held back by the slot that is worth a warning; 0: never'),
  CDC_SLOT_LAG_MAX_BYTES: z.coerce
    .number()
    .int()
    .min(0)
    .default(10 * GIB)
    .describe('WAL held back by the slot that makes capture not ready; 0: never'),
  CDC_PORT: port.default(8081).describe('health and metrics'),
});
export type CdcConfig = Readonly<z.infer<typeof cdcSettings>>;

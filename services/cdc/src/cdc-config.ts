import { z } from 'zod';
import { COMPRESSIONS } from '#libs/changelog/kafka/compression';
import { flag, list, port, postgresUrl } from '#libs/runtime/config';

const DAY_MS = 86_400_000;
const GIB = 1_073_741_824;
const MIB = 1_048_576;

/** Settings of the service. Where the change log is comes with `changeLogSettings`: embedded, it is given as an adapter. */
export const cdcSettings = z.object({
  DATABASE_URL: postgresUrl.describe('a login with REPLICATION; also reads the catalogue'),
  CDC_TOPIC_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,80}$/, { error: 'must be letters, digits, dot, underscore or dash' })
    .default('lakeloop')
    .describe('first part of every topic'),
  CDC_TABLES: list.default([]).describe('schema.table patterns, * allowed; unset: every table that has a replica identity'),
  CDC_SLOT: z
    .string()
    .regex(/^[a-z0-9_]{1,63}$/, { error: 'must be lower-case letters, digits and underscores' })
    .default('lakeloop')
    .describe('replication slot, created when missing'),
  CDC_PUBLICATION: z.string().min(1).max(63).default('lakeloop').describe('publication, created when missing'),
  CDC_SNAPSHOT: z.enum(['initial', 'never']).default('initial').describe('rows that were there before the slot, or before their table was published'),
  CDC_SNAPSHOT_CHUNK_ROWS: z.coerce.number().int().min(1).max(1_000_000).default(5_000).describe('most rows of one chunk of a snapshot'),
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

/** The change log of a process of its own: chosen by its URL being set. */
export const changeLogSettings = z.object({
  KAFKA_BROKERS: list.default([]).describe('host:port of brokers, comma-separated; unset: the embedded SQLite log'),
  KAFKA_COMPRESSION: z.enum(COMPRESSIONS).default('none').describe('of what is produced: none, gzip, snappy, lz4 or zstd'),
  CHANGE_LOG_DIRECTORY: z.string().default('.lakeloop/changelog').describe('directory of the embedded log'),
});

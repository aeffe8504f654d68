import type { Migration } from '#libs/postgres/migrate';
import { Bookkeeping1763900000001 } from './0001-bookkeeping.ts';
import { Context1763900000002 } from './0002-context.ts';
import { Audit1763900000003 } from './0003-audit.ts';
import { Adopt1763900000004 } from './0004-adopt.ts';
import { Execute1763900000005 } from './0005-execute.ts';
import { Policy1764000000006 } from './0006-policy.ts';
import { Relationship1764000000012 } from './0012-relationship.ts';
import { Mirror1764000000013 } from './0013-mirror.ts';
import { AgentReads1764000000020 } from './0020-agent-reads.ts';
import { History1764000000021 } from './0021-history.ts';
import { Tables1764000000022 } from './0022-tables.ts';
import { Imports1764000000023 } from './0023-imports.ts';
import { ImportMapping1764000000025 } from './0025-import-mapping.ts';
import { AsOf1764000000027 } from './0027-as-of.ts';
import { AuditBatches1764000000035 } from './0035-audit-batches.ts';
import { TableViews1764000000040 } from './0040-table-views.ts';
import { Rewrite1764000000041 } from './0041-rewrite.ts';
import { TruncateGrants1764000000047 } from './0047-truncate-grants.ts';
import { Files1764000000050 } from './0050-files.ts';
import { AuditParents1764000000054 } from './0054-audit-parents.ts';
import { AuditBlocks1764000000055 } from './0055-audit-blocks.ts';
import { Retention1764000000056 } from './0056-retention.ts';
import { Undo1764000000060 } from './0060-undo.ts';
import { KeptAnswer1764000000061 } from './0061-kept-answer.ts';
import { AuditSegments1764000000068 } from './0068-audit-segments.ts';
import { TellTables1764000000069 } from './0069-tell-tables.ts';

/** In the order in which they apply. */
export const GOVERNANCE_MIGRATIONS: readonly Migration[] = [
  Bookkeeping1763900000001,
  Context1763900000002,
  Audit1763900000003,
  Adopt1763900000004,
  Execute1763900000005,
  Policy1764000000006,
  Relationship1764000000012,
  Mirror1764000000013,
  AgentReads1764000000020,
  History1764000000021,
  Tables1764000000022,
  Imports1764000000023,
  ImportMapping1764000000025,
  AsOf1764000000027,
  AuditBatches1764000000035,
  TableViews1764000000040,
  Rewrite1764000000041,
  TruncateGrants1764000000047,
  Files1764000000050,
  AuditParents1764000000054,
  AuditBlocks1764000000055,
  Retention1764000000056,
  Undo1764000000060,
  KeptAnswer1764000000061,
  AuditSegments1764000000068,
  TellTables1764000000069,
];

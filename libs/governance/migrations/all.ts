import type { Migration } from '#libs/postgres/migrate';
import { Bookkeeping1763800000001 } from './0001-bookkeeping.ts';
import { Context1763800000002 } from './0002-context.ts';
import { Audit1763800000003 } from './0003-audit.ts';
import { Adopt1763800000004 } from './0004-adopt.ts';
import { Execute1763800000005 } from './0005-execute.ts';
import { Policy1763800000006 } from './0006-policy.ts';

/** In the order in which they apply. */
export const GOVERNANCE_MIGRATIONS: readonly Migration[] = [
  Bookkeeping1763800000001,
  Context1763800000002,
  Audit1763800000003,
  Adopt1763800000004,
  Execute1763800000005,
  Policy1763800000006,
];

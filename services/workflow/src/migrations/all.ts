import type { Migration } from '#libs/postgres/migrate';
import { definitionOf } from '../flows/all.ts';
import { Flows1763900000001 } from './0001-flows.ts';
import { Recommender1764220000001 } from './0002-recommender.ts';
import { Planning1764220000002 } from './0003-planning.ts';
import { exceptionFlowMigration } from './exception-flow-migration.ts';

/** In the order in which they apply. A change of a definition's tables needs a migration of its own here. */
export const WORKFLOW_MIGRATIONS: readonly Migration[] = [
  Flows1763900000001,
  exceptionFlowMigration('ExceptionsFlow1763900000002', definitionOf('exceptions')),
  exceptionFlowMigration('BirdstrikesFlow1763900000003', definitionOf('birdstrikes')),
  Recommender1764220000001,
  Planning1764220000002,
];

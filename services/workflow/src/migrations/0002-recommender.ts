import type { MigrationInterface, QueryRunner } from 'typeorm';
import { asOwner } from '#libs/governance/migrations/as-owner';
import { quoteIdentifier } from '#libs/postgres/identifiers';
import { compileRecommender } from '../cases/compile-tables.ts';
import { EXCEPTION_FLOWS } from '../flows/all.ts';

/** The flows that were there when this migration was written; a later flow's migration creates the table with the others. */
const FLOWS = EXCEPTION_FLOWS.filter(({ name }) => name === 'exceptions' || name === 'birdstrikes');

/** Who recommends in a flow, and the cases that are on offer to workers outside. */
export class Recommender1764220000001 implements MigrationInterface {
  readonly name = 'Recommender1764220000001';

  async up(runner: QueryRunner): Promise<void> {
    await asOwner(runner, [...FLOWS.map(compileRecommender), CASE_OFFER]);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`drop table lakeloop.case_offer, ${FLOWS.map(({ schema }) => `${quoteIdentifier(schema)}.recommender`).join(', ')}`);
  }
}

/**
 * A case that a worker outside may take: coordination, not the record (that is the case itself). `token_hash` is the SHA-256 of the lease's token;
 * `run_id` the Databricks run that was started for it; `parked_at` when it was given up, until it is redriven.
 */
const CASE_OFFER = `
create table lakeloop.case_offer (
  flow text not null,
  case_id uuid not null,
  event_id text not null,
  hop integer not null,
  trace_id text not null,
  offered_at timestamptz not null default clock_timestamp(),
  not_before timestamptz not null default clock_timestamp(),
  attempts integer not null default 0,
  worker text,
  token_hash bytea,
  claimed_at timestamptz,
  expires_at timestamptz,
  run_id bigint,
  failure text,
  parked_at timestamptz,
  completed_at timestamptz,
  withdrawn_at timestamptz,
  primary key (flow, case_id)
);
create index case_offer_open on lakeloop.case_offer (flow, offered_at) where completed_at is null and withdrawn_at is null and parked_at is null;
grant select, insert, update, delete on lakeloop.case_offer to lakeloop_workflow;
grant select (flow, case_id, withdrawn_at) on lakeloop.case_offer to public`;

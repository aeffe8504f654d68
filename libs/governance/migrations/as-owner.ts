import type { QueryRunner } from 'typeorm';

/** Runs statements so that what they create belongs to `lakeloop_owner`, then becomes the migrator again for the bookkeeping row. */
export async function asOwner(runner: QueryRunner, statements: readonly string[]): Promise<void> {
  await runner.query('set local role lakeloop_owner');
  for (const statement of statements) await runner.query(statement);
  await runner.query('set local role none');
}

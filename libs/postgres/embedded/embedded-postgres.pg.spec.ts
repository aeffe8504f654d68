import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '#libs/testing/postgres';

describe('the test server', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('is PostgreSQL 18 with logical decoding', async () => {
    const { rows } = await database.client.query(
      `select current_setting('server_version_num')::int / 10000 as major, current_setting('wal_level') as wal_level`,
    );
    expect(rows).toEqual([{ major: 18, wal_level: 'logical' }]);
  });
});

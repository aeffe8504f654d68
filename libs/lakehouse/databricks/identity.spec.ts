import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DatabricksDouble, TOKEN } from '#libs/testing/databricks/databricks-double';
import { Clock } from '#libs/runtime/clock';
import { rowsOf } from '../conformance/rows.conformance.ts';
import { until, workspaceOn } from './workspace.fixture.ts';

class HandClock extends Clock {
  ms = 0;
  now(): number {
    return this.ms;
  }
}

describe('who we are to Databricks', () => {
  let double: DatabricksDouble;
  beforeAll(async () => {
    double = await DatabricksDouble.start();
    double.rest.clients.set('robot', 's3cret/+');
    double.rest.tokens.set('token-of-alice', 'alice');
  });
  afterAll(() => double.stop());
  beforeEach(() => {
    double.calls.length = 0;
    double.statements.length = 0;
    double.rest.tokensIssued = 0;
  });

  it('is a service principal whose one token serves all statements until it is nearly over', async () => {
    const clock = new HandClock();
    const workspace = workspaceOn(double, { connection: { identity: { clientId: 'robot', clientSecret: 's3cret/+' } }, clock });
    const ask = async (): Promise<unknown> => rowsOf(await workspace.lakehouse.query({ sql: 'select 1 as a' }));
    await Promise.all([ask(), ask(), ask()]);
    expect(double.rest.tokensIssued).toBe(1);
    expect(double.statements.map(({ user }) => user)).toEqual(['robot', 'robot', 'robot']);
    clock.ms = 3_541_000;
    await ask();
    expect(double.rest.tokensIssued).toBe(2);
    await workspace.close();
  });

  it('waits for a token endpoint that is busy', async () => {
    double.fail({ on: '/oidc/v1/token', with: 503, times: 2 });
    const workspace = workspaceOn(double, { connection: { identity: { clientId: 'robot', clientSecret: 's3cret/+' } } });
    await workspace.lakehouse.ping();
    await workspace.close();
  });

  it.each([
    ['a wrong secret', { clientId: 'robot', clientSecret: 'wrong-secret' }],
    ['a wrong token', { token: 'wrong-secret' }],
  ])('is refused with %s, which is told to nobody', async (_name, identity) => {
    const workspace = workspaceOn(double, { connection: { identity } });
    const error: unknown = await workspace.lakehouse.ping().catch((failure: unknown) => failure);
    expect(error).toMatchObject({ kind: 'misconfigured', message: expect.stringContaining('DATABRICKS_') });
    expect(JSON.stringify(error, [...Object.getOwnPropertyNames(error), 'cause', 'message', 'stack'])).not.toContain('wrong-secret');
    await workspace.close();
  });

  it("is the user with the user's own token, for that query and no other", async () => {
    const workspace = workspaceOn(double);
    const ask = async (userToken?: string): Promise<unknown> =>
      rowsOf(await workspace.lakehouse.query({ sql: 'select 1 as a', ...(userToken ? { userToken } : {}) }));
    await ask('token-of-alice');
    await ask();
    expect(double.statements.map(({ user }) => user)).toEqual(['alice', 'service']);
    await until(() => double.service.openSessions === 1);
    await expect(ask('token-of-nobody')).rejects.toMatchObject({ kind: 'forbidden' });
    await workspace.close();
    expect(double.rest.tokens.get(TOKEN)).toBe('service');
  });

  it('reports nothing to anybody else', async () => {
    const workspace = workspaceOn(double);
    await workspace.lakehouse.ping();
    await workspace.close();
    expect([...new Set(double.calls)].toSorted()).toEqual(['CloseSession', 'ExecuteStatement', 'OpenSession']);
  });
});

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
    double.rest.tokens.set('token-of-bob', 'bob');
  });
  afterAll(() => double.stop());
  beforeEach(() => {
    double.calls.length = 0;
    double.statements.length = 0;
    double.sessions.length = 0;
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

  const asking =
    (workspace: ReturnType<typeof workspaceOn>) =>
    async (userToken?: string, sql = 'select 1 as a'): Promise<unknown> =>
      rowsOf(await workspace.lakehouse.query({ sql, ...(userToken ? { userToken } : {}) }));

  it("is the user with the user's own token, in a session that serves nobody else and ends when it is idle", async () => {
    const workspace = workspaceOn(double, { userIdleMs: 50 });
    const ask = asking(workspace);
    await ask();
    double.sessions.length = 0;
    double.statements.length = 0;
    const users = ['alice', 'bob', undefined];
    await Promise.all(Array.from({ length: 30 }, (_, at) => ask(users[at % 3] && `token-of-${users[at % 3]}`, `select '${users[at % 3] ?? 'service'}' as a`)));
    for (const { user, sql } of double.statements) expect(sql).toBe(`select '${user}' as a`);
    expect([double.statements.length, double.sessions.toSorted()]).toEqual([30, ['alice', 'bob']]);
    await until(() => double.service.openSessions === 1);
    await ask('token-of-alice');
    expect(double.sessions.toSorted()).toEqual(['alice', 'alice', 'bob']);
    await workspace.close();
    expect([double.service.openSessions, double.rest.tokens.get(TOKEN)]).toEqual([0, 'service']);
  });

  it('is nobody any more with a token that the workspace stopped taking', async () => {
    double.rest.tokens.set('token-of-carol', 'carol');
    const workspace = workspaceOn(double);
    const ask = asking(workspace);
    await ask('token-of-carol');
    double.rest.tokens.delete('token-of-carol');
    for (const token of ['token-of-carol', 'token-of-nobody']) await expect(ask(token)).rejects.toMatchObject({ kind: 'forbidden', detail: { status: 401 } });
    double.rest.tokens.set('token-of-carol', 'carol');
    double.sessions.length = 0;
    await ask('token-of-carol');
    expect(double.sessions).toEqual(['carol']);
    await workspace.close();
  });

  it('is the user behind a token of another issuer, once the workspace has exchanged it', async () => {
    const tokenOf = (claims: object): string => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
    const foreign = tokenOf({ iss: 'https://identity.example', sub: 'alice' });
    const own = tokenOf({ iss: `${double.origin}/oidc`, sub: 'bob' });
    double.rest.federated.set(foreign, 'alice');
    double.rest.tokens.set(own, 'bob');
    const workspace = workspaceOn(double);
    const ask = asking(workspace);
    for (const token of [foreign, foreign, own]) await ask(token);
    expect([double.statements.map(({ user }) => user), double.rest.tokensIssued]).toEqual([['alice', 'alice', 'bob'], 1]);
    await expect(ask(tokenOf({ iss: 'https://elsewhere.example' }))).rejects.toMatchObject({ kind: 'forbidden', detail: { status: 401 } });
    await workspace.close();
  });

  it('reports nothing to anybody else', async () => {
    const workspace = workspaceOn(double);
    await workspace.lakehouse.ping();
    await workspace.close();
    expect([...new Set(double.calls)].toSorted()).toEqual(['CloseSession', 'ExecuteStatement', 'OpenSession']);
  });
});

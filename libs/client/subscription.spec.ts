import { afterEach, describe, expect, it } from '@jest/globals';
import { compareEventIds, parseEventId } from '#contracts/topics/event-id';
import { createClient, HttpProblem, type RowChange, type Subscription } from './client.ts';
import { FlakyStreamServer, type Row, seeded } from './testing/flaky-stream-server.ts';

let server: FlakyStreamServer | undefined;
let subscription: Subscription<Row> | undefined;
afterEach(async () => {
  subscription?.close();
  await server?.stop();
  server = undefined;
});

/** What somebody has who only listens to the changes. */
function replay(initial: ReadonlyMap<string, Row>, changes: readonly RowChange<Row>[]): Map<string, Row> {
  const rows = new Map(initial);
  for (const { op, key, after, before, source } of changes) {
    const name = JSON.stringify(key?.['id']);
    if (op === 't') rows.clear();
    else {
      // Never twice: what is created was not there, what is changed or deleted was.
      expect([op, rows.has(name), source]).toEqual([op, op !== 'c', source]);
      if (op === 'd') rows.delete(name);
      else rows.set(name, after as Row);
      if (op !== 'c') expect(before).toBeDefined();
    }
  }
  return rows;
}

function inOrder(changes: readonly RowChange<Row>[]): void {
  const last = new Map<string, string>();
  for (const { key, id, source } of changes) {
    if (source === 'snapshot') last.clear();
    if (id === undefined || key === null) continue;
    const name = JSON.stringify(key);
    const before = last.get(name);
    if (before !== undefined) expect(compareEventIds(parseEventId(id), parseEventId(before))).toBeGreaterThan(0);
    last.set(name, id);
  }
}

const trouble = { resumed: 0, resets: 0, cuts: 0, refused: 0 };

describe('a subscription over connections that break anywhere', () => {
  it.each(Array.from({ length: 12 }, (_, i) => 1_000 + i))('ends with the table, having shown every change once and in order (seed %d)', async (seed) => {
    server = await FlakyStreamServer.start(seeded(seed));
    const { url } = server;
    for (let i = 0; i < 8; i += 1) server.write();
    const changes: RowChange<Row>[] = [];
    const statuses: string[] = [];
    let initial: Map<string, Row> | undefined;
    let tokens = 0;
    const client = createClient({ url, token: () => `token ${(tokens += 1)}`, maxDelayMs: 5 });
    subscription = client.subscribe<Row>(
      { schema: 's', table: 't' },
      { onChange: (change) => void changes.push(change), onSnapshot: (rows) => (initial ??= new Map(rows)), onStatus: (status) => void statuses.push(status) },
    );
    // As long as it takes for the connections to break often enough.
    while (server.seen.connections < 25) {
      server.write();
      await new Promise((resolve) => setTimeout(resolve));
    }
    server.calm = true;
    await subscription.ready;
    const flaky = server;
    await caughtUp(subscription, flaky);
    flaky.forget();
    for (const id of [...flaky.rows.keys()].slice(0, 3)) flaky.rows.delete(id);
    await caughtUp(subscription, flaky);
    const table = new Map([...flaky.rows].map(([id, row]) => [String(id), row]));
    expect(subscription.rows).toEqual(table);
    expect(replay(initial ?? new Map(), changes)).toEqual(table);
    inOrder(changes);
    expect(statuses[0]).toBe('live');
    expect(tokens).toBe(flaky.seen.connections);
    subscription.close();
    await subscription.closed;
    expect(subscription.status).toBe('closed');
    for (const kind of ['resumed', 'resets', 'cuts', 'refused'] as const) trouble[kind] += flaky.seen[kind];
  });

  it('was put through every kind of trouble by these seeds', () => {
    for (const count of Object.values(trouble)) expect(count).toBeGreaterThan(10);
  });
});

/** Writes a last row and waits until it is seen. */
async function caughtUp(subscription: { rows: ReadonlyMap<string, Row> }, flaky: FlakyStreamServer): Promise<void> {
  const late = AbortSignal.timeout(20_000);
  const same = (): boolean =>
    subscription.rows.size === flaky.rows.size && [...flaky.rows].every(([id, { value }]) => subscription.rows.get(String(id))?.value === value);
  while (!same()) {
    if (late.aborted) return;
    await new Promise(setImmediate);
  }
}

describe('a subscription', () => {
  it('gives its changes to `for await` too, until it is closed', async () => {
    server = await FlakyStreamServer.start(seeded(1));
    server.calm = true;
    const subscription = createClient({ url: server.url }).subscribe<Row>({ schema: 's', table: 't' });
    await subscription.ready;
    const taken: RowChange<Row>[] = [];
    const reading = (async () => {
      for await (const change of subscription) if (taken.push(change) === 3) subscription.close();
    })();
    for (let i = 0; i < 12; i += 1) server.write();
    await reading;
    expect(taken.length).toBeGreaterThanOrEqual(3);
  });

  it('is closed by a refusal that trying again would not mend, with the problem', async () => {
    const refuse =
      (status: number): typeof fetch =>
      () =>
        Promise.resolve(new Response(JSON.stringify({ type: 'about:blank', title: 'Refused', status, detail: 'no' }), { status }));
    for (const status of [400, 403, 404, 409]) {
      const subscription = createClient({ url: 'http://localhost', fetch: refuse(status) }).subscribe({ schema: 's', table: 't' });
      await expect(subscription.ready).rejects.toThrow('no');
      await expect(subscription.closed).rejects.toBeInstanceOf(HttpProblem);
    }
  });

  it('asks for a fresh token when one is refused, and gives up when they all are', async () => {
    let asked = 0;
    const subscription = createClient({
      url: 'http://localhost',
      token: () => `t${(asked += 1)}`,
      maxDelayMs: 1,
      fetch: () => Promise.resolve(new Response('{}', { status: 401 })),
    }).subscribe({ schema: 's', table: 't' });
    await expect(subscription.closed).rejects.toBeInstanceOf(HttpProblem);
    expect(asked).toBe(3);
  });

  it('sends the token in a header, never in the address, and none where a cookie signs in', async () => {
    const sent: { url: string; headers: Record<string, string> }[] = [];
    const spy: typeof fetch = (input, init) => {
      sent.push({ url: input instanceof Request ? input.url : input.toString(), headers: init?.headers as Record<string, string> });
      return Promise.resolve(new Response('{}', { status: 403 }));
    };
    const to = { schema: 's', table: 't', filter: 'a=eq.1&b=in.(x,"y,z")', select: ['a', 'we"ird'] };
    for (const token of ['secret', undefined])
      await createClient({ url: 'http://h/', fetch: spy, ...(token ? { token } : {}) })
        .subscribe(to)
        .closed.catch(() => undefined);
    expect(sent[0]?.headers['authorization']).toBe('Bearer secret');
    expect(sent[1]?.headers['authorization']).toBeUndefined();
    expect(sent[0]?.url).not.toContain('secret');
    const url = new URL(sent[0]?.url ?? '');
    expect([url.pathname, url.searchParams.get('a'), url.searchParams.get('b'), url.searchParams.get('select')]).toEqual([
      '/v1/changes/s.t',
      'eq.1',
      'in.(x,"y,z")',
      'a,"we\\"ird"',
    ]);
  });

  it('takes a connection without a byte for dead', async () => {
    let connections = 0;
    const silent: typeof fetch = (_input, init) => {
      connections += 1;
      const body = new ReadableStream({ start: (controller) => init?.signal?.addEventListener('abort', () => controller.error(new Error('aborted'))) });
      return Promise.resolve(new Response(body, { status: 200 }));
    };
    const again = Promise.withResolvers<void>();
    const subscription = createClient({ url: 'http://localhost', fetch: silent, silenceMs: 20, maxDelayMs: 1 }).subscribe(
      { schema: 's', table: 't' },
      { onError: () => (connections >= 2 ? again.resolve() : undefined) },
    );
    await again.promise;
    subscription.close();
    await subscription.closed;
  });
});

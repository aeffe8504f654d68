import { describe, expect, it } from '@jest/globals';
import { idempotentFetch } from './idempotent-fetch.ts';
import { createClient } from './client.ts';

describe('an idempotent write', () => {
  it('is sent under one key and trace until it is answered', async () => {
    const keys: (string | null)[] = [];
    const answers = [() => Promise.reject(new TypeError('connection lost')), () => new Response('', { status: 503 }), () => new Response('', { status: 201 })];
    const send = idempotentFetch(async (_input, init) => {
      keys.push(new Headers(init?.headers).get('idempotency-key'));
      return (answers.shift() ?? (() => new Response('', { status: 500 })))();
    });
    expect((await send('http://localhost', { method: 'POST' })).status).toBe(201);
    expect(new Set(keys).size).toBe(1);
    expect(keys).toHaveLength(3);
  });

  it('hands a refusal on at once, and a failure after the last attempt', async () => {
    let sent = 0;
    const refused = idempotentFetch(() => Promise.resolve(new Response('', { status: (sent += 1) && 422 })));
    expect([(await refused('http://localhost')).status, sent]).toEqual([422, 1]);
    const dead = idempotentFetch(() => Promise.reject(new TypeError('down')), { attempts: 2 });
    await expect(dead('http://localhost')).rejects.toThrow('down');
  });

  it('goes through postgrest-js with token, schema, key and trace', async () => {
    const seen: Record<string, string>[] = [];
    const client = createClient({
      url: 'http://localhost',
      token: 't',
      fetch: (input, init) => {
        seen.push({ url: input instanceof Request ? input.url : input.toString(), ...Object.fromEntries(new Headers(init?.headers)) });
        return Promise.resolve(new Response('[]', { status: 201 }));
      },
    });
    await client.idempotent({ key: 'k', traceparent: '00-x' }).schema('exceptions').from('flags').insert({ note: 'n' });
    expect(seen[0]).toMatchObject({ authorization: 'Bearer t', 'content-profile': 'exceptions', 'idempotency-key': 'k', traceparent: '00-x' });
    expect(seen[0]?.['url']).toBe('http://localhost/rest/v1/flags');
  });
});

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Module, Patch, Post, Put } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { IsInt } from 'class-validator';
import { Failure } from '#libs/failure/failure';
import { createServiceRuntime } from '../service-runtime.ts';
import { createHttpApp } from './create-http-app.ts';

class Amount {
  @IsInt()
  amount!: number;
}

@Controller('v1/things')
class ThingsController {
  @Get('down')
  down(): never {
    throw new Failure('dependency-unavailable', 'Postgres does not answer');
  }

  @Get('bug')
  bug(): never {
    throw new Error('secret-value in a stack');
  }

  @Post()
  create(@Body() body: Amount): Amount {
    return body;
  }

  @Put('default')
  choose(): void {
    // nothing
  }

  @Patch(':thing')
  change(): void {
    // nothing
  }
}

@Module({ controllers: [ThingsController] })
class ThingsModule {}

describe('an HTTP app', () => {
  let app: NestFastifyApplication;
  let dependency = { ready: false, detail: 'Postgres does not answer' };
  beforeAll(async () => {
    const runtime = createServiceRuntime('test', { LOG_LEVEL: 'silent' });
    runtime.health.register('postgres', () => dependency);
    app = await createHttpApp({ runtime, module: ThingsModule });
  });
  afterAll(() => app.close());

  it('names what is missing until it is ready', async () => {
    const before = await app.inject('/health/ready');
    expect([before.statusCode, before.json()]).toEqual([503, { ready: false, checks: { postgres: dependency } }]);
    dependency = { ready: true, detail: '' };
    expect((await app.inject('/health/ready')).statusCode).toBe(200);
  });

  it('answers a failure as a problem that says what to do', async () => {
    const response = await app.inject('/v1/things/down');
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.json()).toMatchObject({ status: 503, detail: 'Postgres does not answer', hint: expect.stringContaining('dependency') });
  });

  it('answers what the framework refuses by itself as a problem too', async () => {
    const response = await app.inject({ method: 'POST', url: '/v1/things', headers: { 'content-type': 'application/json' }, payload: '\0' });
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.json()).toMatchObject({ type: 'about:blank', status: 400 });
  });

  it('answers what is no request to the parser as a problem too', async () => {
    await app.listen(0, '127.0.0.1');
    const reply = await fetch(`${await app.getUrl()}/v1/things/${'x'.repeat(20_000)}`);
    expect([reply.status, reply.headers.get('content-type'), await reply.json()]).toEqual([
      431,
      'application/problem+json',
      { type: 'about:blank', title: 'Request Header Fields Too Large', status: 431 },
    ]);
  });

  it('answers an address that is none as a problem too', async () => {
    for (const [url, status] of [
      [`/v1/things/${'x'.repeat(600)}`, 414],
      ['/v1/things/%zz', 400],
    ] as const) {
      const response = await app.inject({ method: 'PATCH', url });
      expect([response.statusCode, response.headers['content-type'], response.json()]).toEqual([
        status,
        'application/problem+json; charset=utf-8',
        expect.objectContaining({ type: 'about:blank', status }),
      ]);
    }
  });

  it('says which methods a path has, and that another is none of them', async () => {
    for (const method of ['TRACE', 'DELETE', 'QUERY', 'GET'] as never[]) {
      const response = await app.inject({ method, url: '/v1/things' });
      expect([method, response.statusCode, response.headers['allow'], response.json()]).toMatchObject([method, 405, 'POST', { status: 405 }]);
    }
    expect((await app.inject({ method: 'DELETE', url: '/v1/nothing' })).statusCode).toBe(404);
    expect((await app.inject({ method: 'OPTIONS', url: '/v1/things/default' })).headers['allow']).toBe('PUT');
    expect((await app.inject({ method: 'OPTIONS', url: '/v1/things/other' })).headers['allow']).toBe('PATCH');
  });

  it('tells nothing of a defect of ours', async () => {
    const response = await app.inject('/v1/things/bug');
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain('secret-value');
  });

  it('refuses a body that breaks its DTO, naming the property', async () => {
    const response = await app.inject({ method: 'POST', url: '/v1/things', payload: { amount: 'x', extra: 1 } });
    expect(response.statusCode).toBe(400);
    expect(response.json<{ errors: string[] }>().errors.join()).toMatch(/extra should not exist.*amount must be an integer/);
  });

  it('answers malformed JSON with 400 as a problem', async () => {
    const response = await app.inject({ method: 'POST', url: '/v1/things', headers: { 'content-type': 'application/json' }, payload: '{"amount":' });
    expect([response.statusCode, response.headers['content-type']]).toEqual([400, expect.stringContaining('problem+json')]);
  });

  it('serves metrics as Prometheus text', async () => {
    expect((await app.inject('/metrics')).body).toContain('process_cpu_user_seconds_total{service="test"}');
  });
});

import { describe, expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { createLogger } from './logger.ts';

describe('the logger', () => {
  it('writes JSON lines without secrets, however deep they are (two levels)', () => {
    const lines: string[] = [];
    const destination = new Writable({ write: (chunk: Buffer, _encoding, done) => (lines.push(chunk.toString()), done()) });
    const logger = createLogger({ service: 'test', destination });
    logger.info({ password: 'hunter2', request: { headers: { authorization: 'Bearer hunter2' } }, config: { url: 'postgres://u:hunter2@h/d' } }, 'hello');
    expect(lines.join('')).not.toContain('hunter2');
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ service: 'test', msg: 'hello', password: '[redacted]' });
  });
});
